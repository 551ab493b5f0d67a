import type { JsonSchema } from "./jsonSchema.ts";
import { kindOf } from "./plainData.ts";

/** What was found, in words. Objects and long texts are not repeated. */
export function described(value: unknown): string {
  switch (kindOf(value)) {
    case "undefined":
      return "it is undefined";
    case "null":
      return "it is null";
    case "string":
      return `${quoted(value)} is a string`;
    case "number":
      return Number.isFinite(value) ? `${value} is a number` : `it is ${value}`;
    case "boolean":
      return `${value} is a boolean`;
    case "array":
      return "it is an array";
    case "object":
      return "it is an object";
    default:
      return `it is a ${typeof value}`;
  }
}

/**
 * What a schema without a reference allows, in words.
 *
 * @param members the members of a union, without references
 */
export function nounOf(
  { type, pattern, const: constant, enum: choices }: JsonSchema,
  members: readonly JsonSchema[] = [],
): string {
  if (members.length > 0) return or([...new Set(members.map((member) => nounOf(member)))]);
  if (constant !== undefined) return JSON.stringify(constant);
  if (choices !== undefined) {
    return choices.length > mostChoices ? "a string" : or(choices.map((choice) => JSON.stringify(choice)));
  }
  if (pattern !== undefined) return patternNouns[pattern] ?? `a string of the form ${pattern}`;
  return type === "array" || type === "object" ? `an ${type}` : `a ${type}`;
}

/** A list of more names hides the one that was meant. */
export const mostChoices = 12;

const number = "-?\\d+(?:\\.\\d+)?";

/** What the forms of quantities are called. */
const patternNouns: Readonly<Record<string, string>> = {
  [`^(?:${number}ms|${number}s|${number}m|${number}h)$`]: 'a duration such as "150ms", "30s", "5m" or "1h"',
  [`^${number}%$`]: 'a share in percent such as "0.1%"',
  [`^(?:${number}KiB|${number}MiB|${number}GiB|${number}TiB)$`]: 'an amount of memory such as "512MiB" or "4GiB"',
  [`^${number} USD$`]: 'an amount of money such as "12000 USD"',
  "^s3:\\/\\/.*$": 'an address such as "s3://bucket/prefix"',
};

/** A value as JSON, cut where it is long. */
export function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}

/** `a, b or c`. */
export function or(choices: readonly string[]): string {
  return choices.length <= 1 ? choices.join("") : `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`;
}

/** The first sentence of a doc comment. */
export function firstSentence(text: string): string {
  return /^.*?\.(?=\s|$)/.exec(text)?.[0] ?? text;
}
