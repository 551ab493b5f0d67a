import * as proxy from "@pulumi/policy/proxy.js";

/** What the SDK throws when a rule reads a value that is known only after the deployment. */
export interface UnknownValueError extends Error {
  readonly unknownTypeSentinel: string;
  readonly props: readonly PropertyKey[];
}

/**
 * The SDK exports these from its root as well, but without types; this one module of it is there at once, where the root takes
 * half a second.
 */
export const { UnknownValueError, unknownCheckingProxy } = proxy as unknown as {
  readonly UnknownValueError: new (sentinel: string, path: readonly PropertyKey[]) => UnknownValueError;
  /** Properties as a rule sees them: reading an unknown one throws. */
  unknownCheckingProxy<Properties extends object>(properties: Properties): Properties;
};

export type Known<T> =
  | { readonly known: true; readonly value: T }
  | { readonly known: false; readonly path: string; readonly error: Error };

/**
 * Reads a value that may be unknown without giving up the rest of the rule. Whoever goes on after `known: false` and finds no
 * violation throws `error` at the end, so that the rule counts as undetermined and not as passed.
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

/** Runs every check even when one meets an unknown value; then throws for all unknown values together. */
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
 * Runs a check for every item of a list; an item that is unknown, or in which the check meets an unknown value, does not keep
 * the others from being checked. What is not a list has no items.
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
