import { azure } from "./aks/azureAdapter.ts";
import type { CloudAdapter, DeclaredCluster } from "./cloudAdapter.ts";
import { aws } from "./eks/awsAdapter.ts";
import { gcp } from "./gke/gcpAdapter.ts";
import { onPrem } from "./onPrem/onPremAdapter.ts";

/** Every cloud, by the `cloud` of its clusters: a folder and a line here. On-prem is one of them. */
const shipped = { aws, azure, gcp, onPrem };

/** A cluster of one cloud, as an environment declares it. */
type SpecOf<Adapter> = Adapter extends CloudAdapter<infer Spec> ? Spec : never;

/**
 * A cluster as an environment declares it: plain data, told apart by `cloud`. Secrets and account ids come from
 * configuration.
 */
export type ClusterSpec = SpecOf<(typeof shipped)[keyof typeof shipped]>;

/**
 * The record that everything looks clouds up in. A program may add a cloud of its own before it declares an
 * environment.
 */
export const clouds: Record<string, CloudAdapter> = shipped;

/** Everything that is particular to the cloud of a declared cluster. Its `cloud` was found to be a known one before. */
export function cloudOf<Spec extends DeclaredCluster>({ cloud }: Spec): CloudAdapter<Spec> {
  const adapter = Object.hasOwn(clouds, cloud) ? clouds[cloud] : undefined;
  if (adapter === undefined) throw new Error(`There is no cloud "${cloud}".`);
  // The record is keyed by `cloud`, so the adapter found there is the one of this kind of declaration.
  return adapter as unknown as CloudAdapter<Spec>;
}
