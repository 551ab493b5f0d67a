import { clouds } from "../../components/cluster/clouds.ts";
import { strategies } from "../../components/model/strategies/strategies.ts";
import { systems } from "../../components/platform/systems.ts";
import document from "./environment.schema.json" with { type: "json" };
import { type JsonSchema, resolveReference, type SchemaDocument, unionMembers } from "./jsonSchema.ts";

/** The schema of an environment, made from the types by `npm run schema`. */
const published = document as unknown as SchemaDocument;

/**
 * The schema of an environment, with the clouds, systems and release strategies that a program has added to the
 * records. Those have no types here, so their declarations are checked by themselves alone.
 */
export function environmentSchema(): SchemaDocument {
  const { ClusterSpec = {}, PlatformSpec = {}, Model = {} } = published.$defs;
  return {
    ...published,
    $defs: {
      ...published.$defs,
      ClusterSpec: withMembers(ClusterSpec, "cloud", Object.keys(clouds)),
      PlatformSpec: {
        ...PlatformSpec,
        properties: { ...addedSystems(), ...PlatformSpec.properties },
      },
      Model: {
        ...Model,
        properties: {
          ...Model.properties,
          release: withMembers(Model.properties?.release ?? {}, "kind", Object.keys(strategies)),
        },
      },
    },
  };
}

/** Systems that an environment may declare. Those of the project have a type, which comes before. */
function addedSystems(): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(systems).flatMap(([key, { declared }]) => (declared === "derived" ? [] : [[key, {}]])),
  );
}

/**
 * A union with a member for each value of its tag. A value that the types do not know stands for an object of any
 * fields.
 */
function withMembers(union: JsonSchema, tag: string, values: readonly string[]): JsonSchema {
  const members = unionMembers(published, union);
  const known = members.map((member) => String(resolveReference(published, member).properties?.[tag]?.const));
  const added = values.filter((value) => !known.includes(value));
  if (added.length === 0) return union;
  return {
    ...(union.description === undefined ? {} : { description: union.description }),
    anyOf: [
      ...members,
      ...added.map(
        (value): JsonSchema => ({
          type: "object",
          properties: { [tag]: { const: value } },
          required: [tag],
          additionalProperties: {},
        }),
      ),
    ],
  };
}
