import { readFileSync } from "node:fs";
import Ajv from "ajv/dist/2020.js";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { ReleaseStrategy } from "../../../components/model/strategies/releaseStrategy.ts";
import { strategies } from "../../../components/model/strategies/strategies.ts";
import { environments } from "../../../stacks/environments/index.ts";
import { environmentSchema } from "../../../stacks/schema/environmentSchema.ts";
import type { JsonSchema } from "../../../stacks/schema/jsonSchema.ts";
import { schemaProblems } from "../../../stacks/schema/schemaProblems.ts";
import { shop } from "../../fixtures/shop.ts";
import { environmentSchemaFile, environmentSchemaText } from "./environmentSchema.ts";

it("is what the types say; after a change of a type run: npm run schema", () => {
  expect(readFileSync(environmentSchemaFile, "utf8") === environmentSchemaText(), "run: npm run schema").toBe(true);
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

it("agrees with a validator of JSON Schema on every change of a declaration", () => {
  const paths: string[][] = [];
  const walk = (value: unknown, path: string[]): void => {
    if (path.length > 0) paths.push(path);
    if (typeof value === "object" && value !== null)
      for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key]);
  };
  walk(shop, []);
  const change = fc.oneof(
    fc.constant((parent: Record<string, unknown>, key: string) => void delete parent[key]),
    fc.string().map((name) => (parent: Record<string, unknown>, key: string) => {
      if (name !== "__proto__") Object.assign(parent, { [name]: parent[key] });
    }),
    fc.jsonValue({ maxDepth: 2 }).map((value) => (parent: Record<string, unknown>, key: string) => {
      parent[key] = value;
    }),
  );
  fc.assert(
    fc.property(fc.constantFrom(...paths), change, (path, mutate) => {
      const copy = structuredClone(shop) as unknown as Record<string, unknown>;
      const parent = path.slice(0, -1).reduce((tree, step) => tree[step] as Record<string, unknown>, copy);
      if (Array.isArray(parent)) return;
      mutate(parent, path.at(-1) ?? "");
      expect(schemaProblems(environmentSchema(), copy).length === 0, JSON.stringify(path)).toBe(validate(copy));
    }),
    { numRuns: 1_000 },
  );
});

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
