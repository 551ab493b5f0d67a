import { assert, asyncProperty, constantFrom, property, string, stringMatching, uniqueArray, uuid } from "fast-check";
import { expect, it } from "vitest";
import { globalName, stableUuid } from "../../../../components/cluster/aks/aksNames.ts";
import { shortened } from "../../../../components/core/names.ts";

const keys = stringMatching(/^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/);
const nameOf = (cluster: string, subscription: string, purpose: string) =>
  new Promise<string>((resolve) => {
    const scope = {
      cluster,
      subscription,
      resourceGroupName: cluster,
      location: "westeurope",
      tags: {},
      protect: true,
    };
    globalName(scope, purpose).apply((name) => resolve(name));
  });

it("names storage accounts and vaults as both may be called, the same in every run", async () => {
  await assert(
    asyncProperty(
      keys,
      uuid(),
      constantFrom("audit", "access", "models", "etcd"),
      async (cluster, subscription, purpose) => {
        const name = await nameOf(cluster, subscription, purpose);
        expect(name).toMatch(/^[a-z][a-z0-9]{2,23}$/);
        expect(await nameOf(cluster, subscription.toUpperCase(), purpose)).toBe(name);
      },
    ),
  );
});

it("gives two clusters, subscriptions or purposes two names", async () => {
  const names = await Promise.all([
    nameOf("weu", "s1", "audit"),
    nameOf("w-eu", "s1", "audit"),
    nameOf("weu", "s2", "audit"),
    nameOf("weu", "s1", "models"),
  ]);
  expect(new Set(names).size).toBe(4);
});

it("names role assignments by a UUID of version 8 that only the same parts have", () => {
  assert(
    property(uniqueArray(string(), { minLength: 2, maxLength: 2 }), ([one = "", other = ""]) => {
      expect(stableUuid(one, other)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(stableUuid(one, other)).toBe(stableUuid(one, other));
      expect(stableUuid(one, other)).not.toBe(stableUuid(other, one));
    }),
  );
});

it("shortens a name only when it must, and then two names stay two", () => {
  expect(shortened("fraud", 10)).toBe("fraud");
  const long = "a".repeat(200);
  expect(shortened(`${long}x`, 128)).toHaveLength(128);
  expect(shortened(`${long}x`, 128)).not.toBe(shortened(`${long}y`, 128));
});
