import { readFileSync } from "node:fs";
import Ajv from "ajv/dist/2020.js";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { ReleaseStrategy } from "../../../components/model/strategies/releaseStrategy.ts";
import { strategies } from "../../../components/model/strategies/strategies.ts";
import { environments } from "../../../stacks/environments/index.ts";
import { fieldPath, keyPath } from "../../../stacks/schema/declaredPath.ts";
import { environmentSchema } from "../../../stacks/schema/environmentSchema.ts";
import type { JsonSchema } from "../../../stacks/schema/jsonSchema.ts";
import { schemaProblems } from "../../../stacks/schema/schemaProblems.ts";
import { shop } from "../../fixtures/shop.ts";
import { environmentSchemaFile, environmentSchemaText, planSchemaFile, planSchemaText } from "./environmentSchema.ts";

it("is what the types say; after a change of a type run: npm run schema", () => {
  expect(readFileSync(environmentSchemaFile, "utf8") === environmentSchemaText(), "run: npm run schema").toBe(true);
});

it("of a plan is what the types say, too", () => {
  expect(readFileSync(planSchemaFile, "utf8") === planSchemaText(), "run: npm run schema").toBe(true);
});

it("describes every field that an environment declares", () => {
  const { $defs } = environmentSchema();
  const described = ({ description, $ref, const: constant }: JsonSchema) =>
    description !== undefined ||
    constant !== undefined ||
    $defs[$ref?.split("/").at(-1) ?? ""]?.description !== undefined;
  const missing = Object.entries($defs).flatMap(([name, { properties = {} }]) =>
    Object.entries(properties).flatMap(([key, property]) => (described(property) ? [] : [`${name}.${key}`])),
  );
  expect(missing).toEqual([]);
});

// A validator of JSON Schema that is not ours agrees, whatever is declared.
const validate = new Ajv.default({ strict: false, validateSchema: false }).compile(environmentSchema());

it.each(Object.entries({ ...environments, shop }))(
  "accepts environment %s, as any validator of JSON Schema does",
  (_, environment) => {
    expect(schemaProblems(environmentSchema(), environment)).toEqual([]);
    expect(validate(environment)).toBe(true);
  },
);

/** The paths of every field and key of the environment of the tests. */
const paths: string[][] = [];
const walk = (value: unknown, path: string[]): void => {
  if (path.length > 0) paths.push(path);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return;
  for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key]);
};
walk(shop, []);

/** One change of a declaration. Gives the keys that it touches. */
type Change = (parent: Record<string, unknown>, key: string) => string[];

const deletion = fc.constant<Change>((parent, key) => {
  delete parent[key];
  return [key];
});
const misspelling = fc.string({ minLength: 1, maxLength: 3 }).map<Change>((end) => (parent, key) => {
  const name = `${key}${end}`;
  parent[name] = parent[key];
  delete parent[key];
  return [key, name];
});
const addition = fc
  .string()
  .filter((name) => name !== "__proto__")
  .map<Change>((name) => (parent, key) => {
    parent[name] = parent[key];
    return [name];
  });
const replacement = fc.jsonValue({ maxDepth: 2 }).map<Change>((value) => (parent, key) => {
  parent[key] = value;
  return [key];
});

it("refuses a change where any validator of JSON Schema does, with the path of the change", () => {
  const changes = fc.oneof(deletion, misspelling, addition, replacement);
  fc.assert(
    fc.property(fc.constantFrom(...paths), changes, (path, change) => {
      const copy = structuredClone(shop) as unknown as Record<string, unknown>;
      const above = path.slice(0, -1);
      const parent = above.reduce((tree, step) => tree[step] as Record<string, unknown>, copy);
      const touched = change(parent, path.at(-1) ?? "");
      const problems = schemaProblems(environmentSchema(), copy);
      expect(problems.length === 0, JSON.stringify(path)).toBe(validate(copy));
      // A union whose members are told apart by a key has no path but its own when the key is gone.
      const allowed = touched.flatMap((key) => [fieldPath(typed(above), key), keyPath(typed(above), key)]);
      for (const problem of problems) {
        const isThere = problem.path === typed(above) || allowed.some((start) => problem.path.startsWith(start));
        expect(isThere, `${problem.path} for a change at ${JSON.stringify([...above, ...touched])}`).toBe(true);
      }
    }),
    { numRuns: 1_500 },
  );
});

/** A path as a person types it. */
function typed(path: readonly string[]): string {
  return path.reduce((at, key, index) => {
    const isFree = ["clusters", "gpuPools", "models", "labels"].includes(path[index - 1] ?? "");
    return isFree ? keyPath(at, key) : fieldPath(at, key);
  }, "");
}

it("has one member for each release strategy, those that a program adds among them", () => {
  const kinds = {
    toy: { ...strategies.canary } as ReleaseStrategy,
    toyToo: { ...strategies.canary } as ReleaseStrategy,
  };
  Object.assign(strategies, kinds);
  try {
    const { Model } = environmentSchema().$defs;
    const members = Model?.properties?.release?.anyOf ?? [];
    expect(new Set(members.map((member) => JSON.stringify(member))).size).toBe(members.length);
    expect(members.length).toBe(Object.keys(strategies).length);
  } finally {
    for (const kind of Object.keys(kinds)) Reflect.deleteProperty(strategies, kind);
  }
});
