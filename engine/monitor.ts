import type { CustomTimeouts, RecordedProperties } from "./recordedResource.ts";

/** A resource as the program registered it; values are raw, with secrets and unknowns marked (`RecordedProperties`). */
export interface Registration {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** Absent for the stack itself. */
  readonly parent?: string;
  /** False for components, whether ours or remote. */
  readonly custom: boolean;
  /** A component that a provider expands into resources (`helm.v4.Chart`). */
  readonly remote: boolean;
  readonly inputs: RecordedProperties;
  readonly dependencies: readonly string[];
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  /** `<urn>::<id>` of the explicit provider. */
  readonly provider?: string;
  /** Package → provider reference, for components. */
  readonly providers: Readonly<Record<string, string>>;
  readonly protect: boolean;
  readonly ignoreChanges: readonly string[];
  readonly additionalSecretOutputs: readonly string[];
  readonly aliases: readonly string[];
  readonly deleteBeforeReplace: boolean;
  readonly retainOnDelete: boolean;
  /** URN of the resource that takes this one with it when it is deleted. */
  readonly deletedWith?: string;
  /** Inputs whose change replaces the resource, besides those the provider knows. */
  readonly replaceOnChanges: readonly string[];
  readonly customTimeouts?: CustomTimeouts;
  /** Of the provider's plugin. */
  readonly version?: string;
}

/** A resource the program only reads (`ConfigMap.get`). */
export interface Reading {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly parent?: string;
  /** As the provider identifies it: `namespace/name` or `name` for Kubernetes. */
  readonly id: string;
  readonly provider?: string;
}

/** What became of a resource. No `id` means that it is known only after the deployment. */
export interface ResourceState {
  readonly id?: string;
  readonly outputs: RecordedProperties;
}

/**
 * What turns registrations into resources. A rejection ends the run; `signal` fires when another resource has failed.
 */
export interface ResourceMonitor {
  register(registration: Registration, signal: AbortSignal): Promise<ResourceState>;
  read(reading: Reading, signal: AbortSignal): Promise<ResourceState>;
  invoke(token: string, args: RecordedProperties, signal: AbortSignal): Promise<RecordedProperties>;
}

const rootStackType = "pulumi:pulumi:Stack";

/**
 * The URN the engine forms: the whole chain of parent types except the stack's own
 * (`pulumi/pulumi` `pkg/resource/deploy/step_generator.go`, `generateURN`).
 */
export function formUrn(
  stack: string,
  project: string,
  parent: string | undefined,
  type: string,
  name: string,
): string {
  const parentType = parent === undefined ? rootStackType : qualifiedType(parent);
  const chain = parentType === rootStackType ? type : `${parentType}$${type}`;
  return `urn:pulumi:${stack}::${project}::${chain}::${name}`;
}

/** `<parent type>$<type>` of a URN. Names may hold `::`, types may not. */
function qualifiedType(urn: string): string {
  return urn.split("::")[2] ?? "";
}

/** The URN part of a provider reference `<urn>::<id>`. */
export function providerUrn(reference: string): string {
  return reference.slice(0, reference.lastIndexOf("::"));
}

/** How errors name a resource: `kubernetes:core/v1:ConfigMap "settings"`. */
export function describeResource({ type, name }: { type: string; name: string }): string {
  return `${type} "${name}"`;
}
