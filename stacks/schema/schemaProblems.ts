import { nearestChoice, type Problem, unknownChoice } from "../../components/core/problem.ts";
import type { JsonSchema, SchemaDocument } from "./jsonSchema.ts";

/**
 * Everything in which a value differs from a schema, by the path its owner typed. The value may be whatever JavaScript
 * allows.
 *
 * A validator of JSON Schema reports every member of a union that does not fit. This one first finds the member that
 * was meant, by the field that tells the members apart, and reports that member alone.
 */
export function schemaProblems(document: SchemaDocument, value: unknown): Problem[] {
  return new Checker(document).check(document, value, "");
}

/** Objects inside objects. A declaration that refers to itself has no end. */
const deepest = 40;

class Checker {
  readonly #document: SchemaDocument;

  constructor(document: SchemaDocument) {
    this.#document = document;
  }

  check(schema: JsonSchema, value: unknown, path: string, depth = 0): Problem[] {
    if (depth > deepest) return [{ path, reason: "it contains itself.", fix: "Write it as plain data." }];
    const resolved = this.#resolve(schema);
    // A schema without a word allows everything.
    if (Object.keys(resolved).every((key) => key === "description")) return [];
    if (resolved.anyOf !== undefined) return this.#union(resolved.anyOf, value, path, depth);
    if (resolved.const !== undefined) return this.#choice([resolved.const], value, path);
    if (resolved.enum !== undefined) return this.#choice(resolved.enum, value, path);
    if (kindOf(value) !== resolved.type) return [wrongKind(value, path, [nounOf(resolved)])];
    if (resolved.type === "object") return this.#object(resolved, value as object, path, depth);
    if (resolved.type === "array") return this.#array(resolved, value as readonly unknown[], path, depth);
    if (resolved.type === "number" && !Number.isFinite(value)) return [wrongKind(value, path, ["a number"])];
    if (resolved.pattern !== undefined && !new RegExp(resolved.pattern).test(value as string)) {
      return [{ path, reason: `${quoted(value)} is not ${nounOf(resolved)}.` }];
    }
    return [];
  }

  #resolve(schema: JsonSchema): JsonSchema {
    let resolved = schema;
    while (resolved.$ref !== undefined) {
      resolved = this.#document.$defs[resolved.$ref.slice("#/$defs/".length)] ?? {};
    }
    return resolved;
  }

  #choice(choices: readonly (string | number | boolean)[], value: unknown, path: string): Problem[] {
    if (choices.includes(value as string)) return [];
    if (typeof value !== "string" || typeof choices[0] !== "string") {
      return [
        wrongKind(value, path, choices.length > 8 ? ["a text"] : choices.map((choice) => JSON.stringify(choice))),
      ];
    }
    return [fewChoices(path, value, choices as readonly string[])];
  }

  #array({ items, prefixItems = [] }: JsonSchema, value: readonly unknown[], path: string, depth: number): Problem[] {
    if (items === false && value.length !== prefixItems.length) {
      const reason = `it has ${value.length} items, not ${prefixItems.length}.`;
      return [{ path, reason, fix: `Write ${prefixItems.length}.` }];
    }
    return Array.from(value).flatMap((item, index) => {
      const schema = prefixItems[index] ?? items;
      return schema === undefined || schema === false ? [] : this.check(schema, item, `${path}[${index}]`, depth + 1);
    });
  }

  #object(schema: JsonSchema, value: object, path: string, depth: number): Problem[] {
    const { properties = {}, required = [], additionalProperties = false } = schema;
    const keys = keysOf(value);
    if (keys === undefined) return [{ path, reason: "it is not plain data.", fix: "Write an object literal." }];
    const known = Object.keys(properties);
    const isFree = additionalProperties !== false;
    const problems = keys.flatMap((key): Problem[] => {
      const at = isFree && !known.includes(key) ? keyed(path, key) : field(path, key);
      const found = read(value, key);
      if (found instanceof Failure) return [{ path: at, reason: `it cannot be read: ${found.message}.` }];
      const property = Object.hasOwn(properties, key) ? properties[key] : undefined;
      // An optional field may be written as undefined, which is the same as absent.
      if (found === undefined && property !== undefined) return [];
      if (property !== undefined) return this.check(property, found, at, depth + 1);
      if (additionalProperties !== false) return this.check(additionalProperties, found, at, depth + 1);
      return [unknownKey(at, key, known)];
    });
    const missing = required.filter((key) => !keys.includes(key) || read(value, key) === undefined);
    return [
      ...problems,
      ...missing.map((key) => ({
        path: field(path, key),
        reason: "it is missing.",
        ...this.#hint(properties[key] ?? {}),
      })),
    ];
  }

  /** What a missing field is to hold. */
  #hint(schema: JsonSchema): Pick<Problem, "fix"> {
    const noun = nounOf(this.#resolve(schema));
    return { fix: `Write ${noun}${schema.description === undefined ? "" : `: ${firstSentence(schema.description)}`}` };
  }

  #union(members: readonly JsonSchema[], value: unknown, path: string, depth: number): Problem[] {
    const resolved = members.flatMap((member) => this.#members(member));
    const kind = kindOf(value);
    const ofKind = resolved.filter(
      (member) => member.type === kind || typeof (member.const ?? member.enum?.[0]) === kind,
    );
    if (ofKind.length === 0) return [wrongKind(value, path, [...new Set(resolved.map(nounOf))])];
    const [only, ...others] = ofKind;
    if (only !== undefined && others.length === 0) return this.check(only, value, path, depth);
    if (kind !== "object") {
      const fits = ofKind.some((member) => this.check(member, value, path, depth).length === 0);
      return fits ? [] : [{ path, reason: `${quoted(value)} is not ${or(ofKind.map(nounOf))}.` }];
    }
    return this.#oneOfObjects(ofKind, value as object, path, depth);
  }

  /** A union inside a union is one union. */
  #members(schema: JsonSchema): JsonSchema[] {
    const resolved = this.#resolve(schema);
    return resolved.anyOf === undefined ? [resolved] : resolved.anyOf.flatMap((member) => this.#members(member));
  }

  /**
   * The members are told apart by a field with a constant (`kind`, `cloud`), or by the key that only one of them
   * requires.
   */
  #oneOfObjects(members: readonly JsonSchema[], value: object, path: string, depth: number): Problem[] {
    const tag = Object.keys(members[0]?.properties ?? {}).find((key) =>
      members.every(
        ({ properties = {}, required = [] }) => properties[key]?.const !== undefined && required.includes(key),
      ),
    );
    if (tag !== undefined) {
      const found = read(value, tag);
      const choices = members.map(({ properties }) => String(properties?.[tag]?.const));
      const meant = members.find(({ properties }) => properties?.[tag]?.const === found);
      if (meant !== undefined) return this.#object(meant, value, path, depth);
      if (found === undefined) {
        const misspelt = keysOf(value)?.find((key) => nearestChoice(key, [tag]) !== undefined);
        if (misspelt !== undefined) return [unknownKey(field(path, misspelt), misspelt, [tag])];
        return [{ path: field(path, tag), reason: "it is missing.", fix: `Write ${or(choices.map(quoted))}.` }];
      }
      return typeof found === "string"
        ? [unknownChoice(field(path, tag), found, choices)]
        : [wrongKind(found, field(path, tag), choices.map(quoted))];
    }
    const own = members.map(({ required = [] }) =>
      required.filter((key) => members.filter((other) => other.required?.includes(key)).length === 1),
    );
    const keys = keysOf(value) ?? [];
    const meant = members.filter((_, index) => own[index]?.some((key) => keys.includes(key)));
    const choices = own.flatMap((ones) => ones.slice(0, 1));
    const [only, ...others] = meant;
    if (only !== undefined && others.length === 0) return this.#object(only, value, path, depth);
    if (meant.length > 1) {
      const written = own.flat().filter((key) => keys.includes(key));
      return [{ path, reason: `${written.map(quoted).join(" and ")} exclude each other.`, fix: "Write one of them." }];
    }
    const misspelt = keys.flatMap((key) => (nearestChoice(key, choices) === undefined ? [] : [key]));
    if (misspelt.length > 0) return misspelt.map((key) => unknownKey(field(path, key), key, choices));
    return [{ path, reason: `it has none of ${choices.map(quoted).join(", ")}.`, fix: "Write one of them." }];
  }
}

/** Why a field cannot be read: a getter that throws, for example. */
class Failure extends Error {}

function read(value: object, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key];
  } catch (error) {
    return new Failure(error instanceof Error ? error.message : String(error));
  }
}

/** The keys of an object literal. Undefined for an object of a class, whose fields are not the declaration's. */
function keysOf(value: object): string[] | undefined {
  try {
    const prototype: unknown = Object.getPrototypeOf(value);
    return prototype === null || prototype === Object.prototype || isLiteralElsewhere(prototype)
      ? Object.keys(value)
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * An object literal of another realm, such as a test runner's or a structured clone's, has another `Object.prototype`.
 */
function isLiteralElsewhere(prototype: unknown): boolean {
  return typeof prototype === "object" && prototype !== null && Object.getPrototypeOf(prototype) === null;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/** A text in the place of an object is not repeated: it may be a kubeconfig, or a key. */
function wrongKind(value: unknown, path: string, expected: readonly string[]): Problem {
  const found = typeof value === "string" && expected.includes("an object") ? "it is a text" : described(value);
  return { path, reason: `${found}, not ${or(expected)}.` };
}

/** What was found, in words. Objects and long texts are not repeated. */
function described(value: unknown): string {
  switch (kindOf(value)) {
    case "undefined":
      return "it is undefined";
    case "null":
      return "it is null";
    case "string":
      return `${quoted(value)} is a text`;
    case "number":
      return `${value} is a number`;
    case "boolean":
      return `${value} is a boolean`;
    case "array":
      return "it is a list";
    case "object":
      return "it is an object";
    default:
      return `it is a ${typeof value}`;
  }
}

function nounOf({ type, pattern, const: constant, enum: choices, items }: JsonSchema): string {
  if (constant !== undefined) return JSON.stringify(constant);
  if (choices !== undefined) return choices.length > 8 ? "a text" : or(choices.map((choice) => JSON.stringify(choice)));
  if (pattern !== undefined) return patternNouns[pattern] ?? `a text of the form ${pattern}`;
  switch (type) {
    case "string":
      return "a text";
    case "array":
      return items === false ? "a list" : "a list";
    case "object":
      return "an object";
    default:
      return `a ${type}`;
  }
}

const number = "-?\\d+(?:\\.\\d+)?";

/** What the forms of quantities are called. */
const patternNouns: Readonly<Record<string, string>> = {
  [`^(?:${number}ms|${number}s|${number}m|${number}h)$`]: 'a duration such as "150ms", "30s", "5m" or "1h"',
  [`^${number}%$`]: 'a share in percent such as "0.1%"',
  [`^(?:${number}KiB|${number}MiB|${number}GiB|${number}TiB)$`]: 'an amount of memory such as "512MiB" or "4GiB"',
  "^s3:\\/\\/.*$": 'an address such as "s3://bucket/prefix"',
};

/** A list of many names would hide the one that was meant. */
function fewChoices(path: string, value: string, choices: readonly string[]): Problem {
  if (choices.length <= 12) return unknownChoice(path, value, choices);
  const nearest = nearestChoice(value, choices);
  return {
    path,
    reason: `${quoted(value)} is none of the ${choices.length} names that are known.`,
    fix: nearest === undefined ? `Write, for example, ${quoted(choices[0])}.` : `Did you mean ${quoted(nearest)}?`,
  };
}

function unknownKey(path: string, key: string, known: readonly string[]): Problem {
  const nearest = nearestChoice(key, known);
  return {
    path,
    reason: "there is no such key.",
    fix:
      nearest !== undefined
        ? `Did you mean ${quoted(nearest)}?`
        : known.length === 0
          ? "Remove it."
          : `The keys are ${known.join(", ")}.`,
  };
}

function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}

function or(choices: readonly string[]): string {
  return choices.length <= 1 ? choices.join("") : `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`;
}

function firstSentence(text: string): string {
  return /^.*?\.(?=\s|$)/.exec(text)?.[0] ?? text;
}

/** A field that the types name. */
function field(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

/** A key that the owner chose. Names of models are written as fields. */
function keyed(path: string, key: string): string {
  return path === "models" && /^[\w-]+$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}
