import * as pulumi from "@pulumi/pulumi";
import { deserializeProperty } from "@pulumi/pulumi/runtime/rpc.js";
import { unknownOutput } from "../wireValues.ts";

/** What a preview of stacks that were never deployed may assume. */
export interface Assumptions {
  /** Called for a required configuration key that is not set; true when a stand-in may take its place. */
  missingConfig(key: string): boolean;
}

let current: () => Assumptions | undefined = () => undefined;

/**
 * Teaches the SDK two things the engine never needs, because it previews a stack only after those it depends on are
 * deployed. They hold for code that `active` finds to be in such a preview, and nowhere else.
 * - Required configuration that is not set: a secret becomes an unknown secret, a string the marked text `<project:key
 *   is not set>`.
 *   Optional keys stay absent; numbers, booleans and objects have no stand-in and remain errors.
 * - A `StackReference` to a stack with an unknown output: the other outputs stay known.
 */
export function assumeUndeployedStacks(active: () => Assumptions | undefined): void {
  current = active;
  override(pulumi.Config.prototype, "require", (original) => {
    return function (this: pulumi.Config, ...args: readonly unknown[]) {
      const key = `${this.name}:${args[0]}`;
      return isAssumed(this, String(args[0])) ? `<${key} is not set>` : original.apply(this, args);
    };
  });
  for (const method of ["requireSecret", "requireSecretObject", "requireSecretNumber", "requireSecretBoolean"]) {
    override(pulumi.Config.prototype, method, (original) => {
      return function (this: pulumi.Config, ...args: readonly unknown[]) {
        const assumed = isAssumed(this, String(args[0]));
        return assumed ? pulumi.secret(deserializeProperty(unknownOutput)) : original.apply(this, args);
      };
    });
  }
  for (const method of ["getOutput", "requireOutput"]) {
    override(pulumi.StackReference.prototype, method, (original) => {
      return function (this: pulumi.StackReference, ...args: readonly unknown[]) {
        const [name] = args;
        if (current() === undefined || typeof name !== "string") return original.apply(this, args);
        return outputOf(this, name, method === "requireOutput");
      };
    });
  }
}

function isAssumed(config: pulumi.Config, key: string): boolean {
  return config.get(key) === undefined && current()?.missingConfig(`${config.name}:${key}`) === true;
}

/**
 * As `StackReference.getOutput`, but unknown only where this one output is; the second parameter of `apply` is
 * internal.
 */
function outputOf(reference: pulumi.StackReference, name: string, required: boolean): pulumi.Output<unknown> {
  const outputs = reference.outputs as unknown as {
    apply(func: (outputs: Record<string, unknown>) => unknown, runWithUnknowns: boolean): pulumi.Output<unknown>;
  };
  const value = outputs.apply((all) => {
    if (required && !Object.hasOwn(all, name)) throw new pulumi.RunError(`A stack has no output "${name}".`);
    return all[name];
  }, true);
  return reference.secretOutputNames.apply((names) => (names.includes(name) ? value : pulumi.unsecret(value)));
}

type Method = (this: never, ...args: readonly unknown[]) => unknown;
type Original = { apply(self: unknown, args: readonly unknown[]): unknown };

const overridden = new Set<string>();

/** The SDK's classes have no seam of their own for this, hence the change to their prototypes, made once. */
function override(prototype: object, method: string, replace: (original: Original) => Method): void {
  if (overridden.has(method)) return;
  overridden.add(method);
  const value = replace(Reflect.get(prototype, method) as Original);
  Object.defineProperty(prototype, method, { value, configurable: true, writable: true });
}
