/** Values of the `Accept` header for answers that are smaller than whole objects (Kubernetes API concepts). */
export const accepts = {
  /** The metadata of one object. */
  metadata: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
  /** The metadata of a list of objects. */
  metadataList: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
  /** All groups at `/apis`, with their resources: aggregated discovery. */
  discovery: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
} as const;

/** A group in the aggregated discovery. */
export interface GroupDiscovery {
  /** Its name: `apps`. */
  readonly metadata: { readonly name: string };
  /** What is served in which version. */
  readonly versions: readonly {
    readonly version: string;
    readonly resources?: readonly { readonly resource: string }[];
  }[];
}

/** The versions in which each resource is served, by `<plural>.<group>`. */
export function servedVersions(groups: readonly GroupDiscovery[]): ReadonlyMap<string, readonly string[]> {
  const served = new Map<string, string[]>();
  for (const { metadata, versions } of groups) {
    for (const { version, resources = [] } of versions) {
      for (const { resource } of resources) {
        const name = `${resource}.${metadata.name}`;
        served.set(name, [...(served.get(name) ?? []), version]);
      }
    }
  }
  return served;
}
