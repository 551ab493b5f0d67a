import * as proxy from "@pulumi/policy/proxy.js";

/** The error of the SDK when a rule reads a value that is known only after the deployment. */
export interface UnknownValueError extends Error {
  /** The engine's marker of the unknown value's type. */
  readonly unknownTypeSentinel: string;
  /** The path of the unknown value. */
  readonly props: readonly PropertyKey[];
}

/**
 * The SDK exports these from its root too, but without types. This module loads at once; the root takes half a second
 * (@pulumi/policy 1.21).
 */
export const { UnknownValueError, unknownCheckingProxy } = proxy as unknown as {
  readonly UnknownValueError: new (sentinel: string, path: readonly PropertyKey[]) => UnknownValueError;
  /** Properties as a rule sees them: reading an unknown one throws. */
  unknownCheckingProxy<Properties extends object>(properties: Properties): Properties;
};

/** A value that a rule has read, or the reason why it could not. */
export type Known<T> =
  | {
      readonly known: true;
      /** What the rule has read, as the engine has it. */
      readonly value: T;
    }
  | {
      readonly known: false;
      /** The path of the unknown value. */
      readonly path: string;
      /** The SDK's error, to throw at the end of the rule. */
      readonly error: Error;
    };

/**
 * Reads a value that may be unknown, and lets the rule go on. A rule that goes on after `known: false` and finds no
 * violation must throw `error` at its end, so that it counts as undetermined and not as passed.
 */
export function known<T>(read: () => T): Known<T> {
  try {
    return { known: true, value: read() };
  } catch (error) {
    if (error instanceof UnknownValueError) {
      return { known: false, path: error.props.map(String).join("."), error };
    }
    throw error;
  }
}

/** Runs every check, also after one has met an unknown value. Then throws one error for all unknown values. */
export function independently(checks: Iterable<() => void>): void {
  const unknowns: UnknownValueError[] = [];
  for (const check of checks) {
    try {
      check();
    } catch (error) {
      if (!(error instanceof UnknownValueError)) throw error;
      unknowns.push(error);
    }
  }
  const [first] = unknowns;
  if (first === undefined) return;
  const all = new UnknownValueError(first.unknownTypeSentinel, first.props);
  all.message = [...new Set(unknowns.map(({ message }) => message))].join("; ");
  throw all;
}

/**
 * Runs a check for every item of a list. An unknown item, or an unknown value inside one, does not stop the checks of
 * the others. A value that is no list has no items.
 */
export function everyItem<Item>(list: readonly Item[] | undefined, check: (item: Item, index: number) => void): void {
  if (!Array.isArray(list)) return;
  independently(
    Array.from({ length: list.length }, (_, index) => () => {
      const item: Item | null | undefined = list[index];
      if (item !== undefined && item !== null) check(item, index);
    }),
  );
}
