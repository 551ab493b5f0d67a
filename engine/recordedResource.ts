/**
 * A value as it travels between the SDK, the engine and the policy server: plain JSON, with secrets and unknowns as
 * special values.
 */
export type RecordedValue =
  | null
  | boolean
  | number
  | string
  | readonly RecordedValue[]
  | { readonly [key: string]: RecordedValue };

/**
 * Inputs or outputs of a resource exactly as the SDK sent them. A secret is an object that carries
 * `specialSignatureKey`, an unknown is the text `unknownSentinel`; both may sit at any depth. `wireValues.ts` reads
 * them. Print them only masked.
 */
export type RecordedProperties = Readonly<Record<string, RecordedValue>>;

/** An explicit provider of a resource. */
export interface RecordedProvider {
  /** The URN of the provider. */
  readonly urn: string;
  /** Its type token: `pulumi:providers:kubernetes`. */
  readonly type: string;
  /** Its name in the program. */
  readonly name: string;
  /** Its inputs. */
  readonly props: RecordedProperties;
}

/**
 * How long the engine waits for each operation, as Go writes durations: `20m`. Absent: as long as the provider says.
 */
export interface CustomTimeouts {
  /** The limit of a creation. */
  readonly create?: string;
  /** The limit of a refresh or of an import. */
  readonly read?: string;
  /** The limit of a change in place. */
  readonly update?: string;
  /** The limit of a deletion. */
  readonly delete?: string;
}

/** One resource as the program registered it. Options that the program leaves at the engine's default are absent. */
export interface RecordedResource {
  /** `urn:pulumi:<stack>::<project>::<parent type chain>::<name>`. */
  readonly urn: string;
  /** The type token alone: `kubernetes:argoproj.io/v1alpha1:Rollout`. */
  readonly type: string;
  /** The name in the program. */
  readonly name: string;
  /** Inputs. */
  readonly props: RecordedProperties;
  /** False for components, this project's and remote ones: they have inputs, and no provider creates them. */
  readonly custom: boolean;
  /** Present for a component that a provider expands into resources (`helm.v4.Chart`). */
  readonly remote?: true;
  /** The URN of the parent. Absent for the stack itself. */
  readonly parent?: string;
  /** URNs of the resources that must exist first, in the order of registration. */
  readonly dependencies: readonly string[];
  /** Name of an input → URNs of the resources that it was computed from. */
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  /** Present where the engine refuses to delete the resource. */
  readonly protect?: true;
  /** Paths of inputs whose changes the engine ignores. */
  readonly ignoreChanges?: readonly string[];
  /** URNs that the resource had before. */
  readonly aliases?: readonly string[];
  /** Names of outputs that are secret besides those the provider marks. */
  readonly additionalSecretOutputs?: readonly string[];
  /** Present where a replacement deletes the old resource first. */
  readonly deleteBeforeReplace?: true;
  /** Present where the resource is removed from the stack and kept in the cloud or the cluster. */
  readonly retainOnDelete?: true;
  /** The URN of the resource whose deletion deletes this one too. */
  readonly deletedWith?: string;
  /** Paths of inputs whose change replaces the resource, besides those the provider knows. */
  readonly replaceOnChanges?: readonly string[];
  /** Limits of its operations. */
  readonly customTimeouts?: CustomTimeouts;
  /** The version of the provider's plugin. Absent for components. */
  readonly version?: string;
  /** The explicit provider. Absent where the default provider of the package is used. */
  readonly provider?: RecordedProvider;
  /** Package → URN of the explicit provider for its children. Present for components that have one. */
  readonly providers?: Readonly<Record<string, string>>;
}

/** The type of a stack, which is a resource too: the first of every run. */
export const stackType = "pulumi:pulumi:Stack";

/**
 * The URN that the engine forms: the whole chain of parent types except the stack's own
 * (`pulumi/pulumi` `pkg/resource/deploy/step_generator.go`, `generateURN`).
 */
export function formUrn(
  stack: string,
  project: string,
  parent: string | undefined,
  type: string,
  name: string,
): string {
  const parentType = parent === undefined ? stackType : qualifiedType(parent);
  const chain = parentType === stackType ? type : `${parentType}$${type}`;
  return `urn:pulumi:${stack}::${project}::${chain}::${name}`;
}

/** `<parent type>$<type>` of a URN. Names may hold `::`, types may not. */
export function qualifiedType(urn: string): string {
  return urn.split("::")[2] ?? "";
}

/** The name in a URN. Names may hold `::`, types may not. */
export function nameIn(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

/** The URN in a reference to a provider, `<urn>::<id>`. */
export function providerUrn(reference: string): string {
  return reference.slice(0, reference.lastIndexOf("::"));
}

/** How errors name a resource: `kubernetes:core/v1:ConfigMap "settings"`. */
export function describeResource({ type, name }: { readonly type: string; readonly name: string }): string {
  return `${type} "${name}"`;
}
