import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { environmentProblems } from "../../../stacks/environments/environmentProblems.ts";
import { shop } from "../../fixtures/shop.ts";
import { changed, copyOfShop, said, type Tree } from "./changes.ts";

it("the environment of the tests has no problem", () => {
  expect(said(shop)).toEqual([]);
});

it("reports everything at once", () => {
  const copy = structuredClone(shop) as unknown as { name: unknown; domain: unknown; models: Record<string, Tree> };
  copy.name = 1;
  copy.domain = 2;
  delete copy.models.fraud?.version;
  Object.assign(copy.models.images ?? {}, { owner: "ada" });
  expect(
    environmentProblems("shop", copy)
      .map(({ path }) => path)
      .sort(),
  ).toEqual(["name", "domain", "models.fraud.version", "models.images.owner"].sort());
});

describe("whatever JavaScript allows", () => {
  it("an object that contains itself", () => {
    const loop = copyOfShop();
    (loop.models as Tree).fraud = loop;
    expect(said(loop)).toContain(
      "models.fraud.clusters: there is no such key. The keys are release, server, repository, replicas, spread, traffic, slo, guards, stateless, version, artifact.",
    );
  });

  it("a list that contains itself", () => {
    const loop: unknown[] = [];
    loop.push(loop);
    expect(
      said(changed(["clusters", "aws", "admins"], (parent) => void Object.assign(parent, { admins: loop }))),
    ).toEqual(['clusters["aws"].admins[0]: it is an array, not a string.']);
  });

  it("a proxy that refuses to be looked at", () => {
    const closed = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("closed");
        },
      },
    );
    expect(said(closed)).toEqual(['environments["shop"]: it is not plain data. Write an object literal.']);
  });

  it("a field that throws when it is read", () => {
    const trap = copyOfShop();
    Object.defineProperty(trap, "domain", {
      enumerable: true,
      get: () => {
        throw new Error("no domain today");
      },
    });
    expect(said(trap)).toEqual(["domain: it cannot be read: no domain today."]);
  });

  it("any value in the place of any field is checked to the end", () => {
    const paths: string[][] = [];
    const walk = (value: unknown, path: string[]): void => {
      if (path.length > 0) paths.push(path);
      if (typeof value === "object" && value !== null) {
        for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key]);
      }
    };
    walk(shop, []);
    const values = fc.oneof(
      fc.constantFrom(undefined, null, true, -1, Number.NaN, "", "x", [], {}, () => 1, Symbol("x"), 10n),
      fc.jsonValue({ maxDepth: 2 }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...paths), values, (path, value) => {
        const problems = environmentProblems(
          "shop",
          changed(path, (parent, key) => void Object.assign(parent, { [key]: value })),
        );
        for (const problem of problems) {
          expect(problem.path.length + problem.reason.length).toBeGreaterThan(5);
          expect(problem.reason).not.toMatch(/\[object/);
        }
      }),
      { numRuns: 400 },
    );
  });
});
