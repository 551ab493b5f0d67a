import { nearestChoice, type Problem, unknownChoice } from "../../components/core/problem.ts";
import { fieldPath, keyPath } from "./declaredPath.ts";
import { type JsonSchema, resolveReference, type SchemaDocument, unionMembers } from "./jsonSchema.ts";
import { keysOf, kindOf, read, Unreadable } from "./plainData.ts";
import { described, firstSentence, mostChoices, nounOf, or, quoted } from "./schemaWords.ts";

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
    if (depth > deepest && typeof value === "object")
      return [{ path, reason: "it contains itself.", fix: "Write it as plain data." }];
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
    return resolveReference(this.#document, schema);
  }

  #choice(choices: readonly (string | number | boolean)[], value: unknown, path: string): Problem[] {
    if (choices.includes(value as string)) return [];
    if (typeof value !== "string" || typeof choices[0] !== "string") {
      return [wrongKind(value, path, [nounOf({ enum: choices })])];
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
    const missing = new Set(required.filter((key) => !keys.includes(key) || read(value, key) === undefined));
    const problems = keys.flatMap((key): Problem[] => {
      const property = Object.hasOwn(properties, key) ? properties[key] : undefined;
      const at = property !== undefined || additionalProperties === false ? fieldPath(path, key) : keyPath(path, key);
      const found = read(value, key);
      if (found instanceof Unreadable) return [{ path: at, reason: `it cannot be read: ${found.message}.` }];
      // An optional field may be written as undefined, which is the same as absent.
      if (found === undefined && property !== undefined) return [];
      if (property !== undefined) return this.check(property, found, at, depth + 1);
      if (additionalProperties !== false) return this.check(additionalProperties, found, at, depth + 1);
      // A field that is misspelt is one mistake, not that key and a missing field.
      const meant = nearestChoice(key, [...missing]);
      if (meant !== undefined) missing.delete(meant);
      return [unknownKey(at, key, meant === undefined ? known : [meant])];
    });
    return [
      ...problems,
      ...[...missing].map((key) => ({
        path: fieldPath(path, key),
        reason: "it is missing.",
        ...this.#hint(properties[key] ?? {}),
      })),
    ];
  }

  /** What a missing field must hold. */
  #hint(schema: JsonSchema): Pick<Problem, "fix"> {
    const resolved = this.#resolve(schema);
    const noun = nounOf(resolved, resolved.anyOf === undefined ? [] : this.#members(resolved));
    return { fix: `Write ${noun}${schema.description === undefined ? "." : `: ${firstSentence(schema.description)}`}` };
  }

  #union(members: readonly JsonSchema[], value: unknown, path: string, depth: number): Problem[] {
    const resolved = members.flatMap((member) => this.#members(member));
    const kind = kindOf(value);
    const ofKind = resolved.filter(
      (member) => member.type === kind || typeof (member.const ?? member.enum?.[0]) === kind,
    );
    if (ofKind.length === 0) return [{ ...wrongKind(value, path, [nounOf({}, resolved)]), ...kindsToWrite(resolved) }];
    const [only, ...others] = ofKind;
    if (only !== undefined && others.length === 0) return this.check(only, value, path, depth);
    if (kind !== "object") {
      const fits = ofKind.some((member) => this.check(member, value, path, depth).length === 0);
      return fits ? [] : [{ path, reason: `${quoted(value)} is not ${nounOf({}, ofKind)}.` }];
    }
    return this.#oneOfObjects(ofKind, value as object, path, depth);
  }

  /** The members of a union, without references. */
  #members(schema: JsonSchema): JsonSchema[] {
    return unionMembers(this.#document, schema).map((member) => this.#resolve(member));
  }

  /**
   * The members are told apart by a field with a constant (`kind`, `cloud`), or by the key that only one of them
   * requires.
   */
  #oneOfObjects(members: readonly JsonSchema[], value: object, path: string, depth: number): Problem[] {
    const tag = tagOf(members);
    if (tag !== undefined) {
      const found = read(value, tag);
      const choices = members.map(({ properties }) => String(properties?.[tag]?.const));
      const meant = members.find(({ properties }) => properties?.[tag]?.const === found);
      if (meant !== undefined) return this.#object(meant, value, path, depth);
      if (found === undefined) {
        const misspelt = keysOf(value)?.find((key) => key !== tag && nearestChoice(key, [tag]) !== undefined);
        if (misspelt !== undefined) return [unknownKey(fieldPath(path, misspelt), misspelt, [tag])];
        return [{ path: fieldPath(path, tag), reason: "it is missing.", fix: `Write ${or(choices.map(quoted))}.` }];
      }
      return typeof found === "string"
        ? [unknownChoice(fieldPath(path, tag), found, choices)]
        : [wrongKind(found, fieldPath(path, tag), choices.map(quoted))];
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
    if (misspelt.length > 0) return misspelt.map((key) => unknownKey(fieldPath(path, key), key, choices));
    return [{ path, reason: `it has none of ${choices.map(quoted).join(", ")}.`, fix: "Write one of them." }];
  }
}

/** The field whose constant tells the members of a union of objects apart: `kind`, `cloud`. */
function tagOf(members: readonly JsonSchema[]): string | undefined {
  return Object.keys(members[0]?.properties ?? {}).find((key) =>
    members.every(
      ({ properties = {}, required = [] }) => properties[key]?.const !== undefined && required.includes(key),
    ),
  );
}

/** For whoever wrote `"public"` in the place of `{ kind: "public", … }`. */
function kindsToWrite(members: readonly JsonSchema[]): Pick<Problem, "fix"> {
  const tag = tagOf(members);
  if (tag === undefined) return {};
  const choices = members.map(({ properties }) => quoted(properties?.[tag]?.const));
  return { fix: `Write an object whose ${tag} is ${or(choices)}.` };
}

/** A list of many names would hide the one that was meant. */
function fewChoices(path: string, value: string, choices: readonly string[]): Problem {
  if (choices.length <= mostChoices) return unknownChoice(path, value, choices);
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

/**
 * A string in the place of an object is not repeated: it may be a kubeconfig, or a key.
 *
 * @param expected what is allowed there, in words
 */
function wrongKind(value: unknown, path: string, expected: readonly string[]): Problem {
  const found =
    typeof value === "string" && expected.some((noun) => noun.includes("an object"))
      ? "it is a string"
      : described(value);
  // A number and nothing else is wanted: a share is written without its sign.
  const bare =
    typeof value === "string" && or(expected) === "a number" ? /^(-?\d+(?:\.\d+)?) ?%?$/.exec(value)?.[1] : "";
  return { path, reason: `${found}, not ${or(expected)}.`, ...(bare ? { fix: `Write ${Number(bare)}.` } : {}) };
}
