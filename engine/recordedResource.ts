/**
 * A value as it travels between the SDK, the engine and the policy server: plain JSON, with secrets and unknowns as
 * sentinels.
 */
export type RecordedValue =
  | null
  | boolean
  | number
  | string
  | readonly RecordedValue[]
  | { readonly [key: string]: RecordedValue };

/**
 * Inputs of a resource exactly as the SDK registered them. A secret is an object that carries `specialSignatureKey`, an
 * unknown is the string `unknownSentinel`; both may sit at any depth. Read them through
 * `@pulumi/pulumi/runtime/rpc.js`, never by hand, and never print them unmasked.
 */
export type RecordedProperties = Readonly<Record<string, RecordedValue>>;

/** The key every special value of the Pulumi wire format carries (`specialSigKey` of `@pulumi/pulumi/runtime/rpc`). */
export const specialSignatureKey = "4dabf18193072939515e22adb298388d";

/** What `specialSignatureKey` holds when the value is a secret; the plain text is in `value`. */
export const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** Stands in for a value that is known only after the deployment (`unknownValue` of `@pulumi/pulumi/runtime/rpc`). */
export const unknownSentinel = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** An explicit provider of a resource, resolved from its `<urn>::<id>` reference. */
export interface RecordedProvider {
  readonly urn: string;
  /** For example `pulumi:providers:kubernetes`. */
  readonly type: string;
  readonly name: string;
  readonly props: RecordedProperties;
}

/** How long the engine waits for each operation, as Go writes durations: `20m`. */
export interface CustomTimeouts {
  readonly create?: string;
  readonly read?: string;
  readonly update?: string;
  readonly delete?: string;
}

/** One resource registration, as the engine would have received it from the program. */
export interface RecordedResource {
  /** `urn:pulumi:<stack>::<project>::<parent type chain>::<name>`. */
  readonly urn: string;
  /** The type token alone, for example `kubernetes:argoproj.io/v1alpha1:Rollout`. */
  readonly type: string;
  readonly name: string;
  readonly props: RecordedProperties;
  /** False for components, which have inputs but no provider. */
  readonly custom: boolean;
  /** URN of the parent; absent for the stack itself. */
  readonly parent?: string;
  /** URNs, in the order of registration. */
  readonly dependencies: readonly string[];
  /** Top-level input name → URNs it was computed from. */
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  readonly protect?: boolean;
  readonly ignoreChanges?: readonly string[];
  /** URNs this resource was known by before. */
  readonly aliases?: readonly string[];
  readonly additionalSecretOutputs?: readonly string[];
  readonly deleteBeforeReplace?: boolean;
  readonly retainOnDelete?: boolean;
  /** URN of the resource that takes this one with it when it is deleted. */
  readonly deletedWith?: string;
  readonly replaceOnChanges?: readonly string[];
  readonly customTimeouts?: CustomTimeouts;
  /** Of the provider's plugin; absent for components. */
  readonly version?: string;
  readonly provider?: RecordedProvider;
}
