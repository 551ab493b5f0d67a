/** The part of JSON Schema (2020-12) that the types of declarations need. */
export interface JsonSchema {
  /** What the type's doc comment says. */
  readonly description?: string;
  /** A definition by name: `#/$defs/Model`. */
  readonly $ref?: string;
  /** The kind of value. */
  readonly type?: "object" | "array" | "string" | "number" | "boolean";
  /** The one value that is allowed. */
  readonly const?: string | number | boolean;
  /** The values that are allowed. */
  readonly enum?: readonly (string | number | boolean)[];
  /** The form of a string, as a regular expression. */
  readonly pattern?: string;
  /** The fields of an object. */
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  /** The fields that must be there. */
  readonly required?: readonly string[];
  /** `false`: no field but `properties`. A schema: every further key is free, and its value is one of these. */
  readonly additionalProperties?: false | JsonSchema;
  /** The items of an array. */
  readonly items?: JsonSchema | false;
  /** The first items of an array, one by one. */
  readonly prefixItems?: readonly JsonSchema[];
  /** The least number of items. */
  readonly minItems?: number;
  /** The members of a union. */
  readonly anyOf?: readonly JsonSchema[];
}

/** A schema with the definitions that it refers to. */
export interface SchemaDocument extends JsonSchema {
  /** The definitions, by name. */
  readonly $defs: Readonly<Record<string, JsonSchema>>;
}

/** A schema without a reference: itself, or the definition that it refers to. */
export function resolveReference({ $defs }: SchemaDocument, schema: JsonSchema): JsonSchema {
  let resolved = schema;
  while (resolved.$ref !== undefined) resolved = $defs[resolved.$ref.slice("#/$defs/".length)] ?? {};
  return resolved;
}

/** The members of a union and of the unions inside it, as they are written; what is no union is its own member. */
export function unionMembers(document: SchemaDocument, schema: JsonSchema): readonly JsonSchema[] {
  return resolveReference(document, schema).anyOf?.flatMap((member) => unionMembers(document, member)) ?? [schema];
}
