import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { environmentProblems } from "../../../stacks/environments/environmentProblems.ts";
import { shop } from "../../fixtures/shop.ts";
import { changed, said, type Tree } from "./changes.ts";

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
    const loop: Tree = structuredClone(shop) as unknown as Tree;
    (loop.models as Tree).fraud = loop;
    expect(said(loop).length).toBeGreaterThan(0);
  });

  it("a field that throws when it is read", () => {
    const trap = structuredClone(shop) as unknown as Tree;
    Object.defineProperty(trap, "domain", {
      enumerable: true,
      get: () => {
        throw new Error("no domain today");
      },
    });
    expect(said(trap)).toEqual(["domain: it cannot be read: no domain today."]);
  });

  it("any value in the place of any field is a problem at that path or below, or is of the kind that belongs there", () => {
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
