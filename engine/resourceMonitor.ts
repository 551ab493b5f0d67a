import type { RecordedProperties, RecordedResource } from "./recordedResource.ts";

/** A resource that the program only reads (`ConfigMap.get`). */
export interface Reading {
  /** The URN that the engine would give it. */
  readonly urn: string;
  /** The type token. */
  readonly type: string;
  /** The name in the program. */
  readonly name: string;
  /** The identity that the provider knows it by: `namespace/name` or `name` for Kubernetes. */
  readonly id: string;
  /** The URN of the parent. */
  readonly parent?: string;
  /** The URN of the explicit provider. */
  readonly provider?: string;
}

/** What became of a resource. */
export interface ResourceState {
  /** The identity that the provider gave it. Absent: it is known only after the deployment. */
  readonly id?: string;
  /** All outputs, the inputs among them. */
  readonly outputs: RecordedProperties;
}

/** Answers the requests of a program. A rejection ends the run; `signal` fires when another request has failed. */
export interface ResourceMonitor {
  /** Makes, changes or records a resource. */
  register(resource: RecordedResource, signal: AbortSignal): Promise<ResourceState>;
  /** Reads a resource that exists. */
  read(reading: Reading, signal: AbortSignal): Promise<ResourceState>;
  /** Calls a function of a provider, such as `aws:index/getAvailabilityZones:getAvailabilityZones`. */
  invoke(token: string, args: RecordedProperties, signal: AbortSignal): Promise<RecordedProperties>;
}
