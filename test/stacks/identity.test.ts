import { expect, it } from "vitest";
import { environments } from "../../stacks/environments/index.ts";
import { record } from "./record.ts";

/**
 * A URN that changes is a resource that is replaced or orphaned. If that is meant, update the list with `vitest -u` and say so in the
 * change; if not, the name or the parent of a child has changed by accident.
 */
it.each(Object.keys(environments))("environment %s keeps the identity of every resource", async (environment) => {
  const urns = (await record(environment)).flatMap((stack) => stack.resources.map(({ urn }) => urn)).sort();
  expect(new Set(urns).size).toBe(urns.length);
  await expect(`${urns.join("\n")}\n`).toMatchFileSnapshot(`../identity/${environment}.txt`);
});
