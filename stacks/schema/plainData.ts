import { messageOf } from "../../components/core/messageOf.ts";

/** Why a field cannot be read: a getter that throws, for example. */
export class Unreadable extends Error {}

/** The value of a field, or why it cannot be read. */
export function read(value: object, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key];
  } catch (error) {
    return new Unreadable(messageOf(error));
  }
}

/** The keys of an object literal. Undefined for an object of a class, whose fields are not the declaration's. */
export function keysOf(value: object): string[] | undefined {
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

/** The kind of a value, as JSON Schema calls it where it has a word. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
