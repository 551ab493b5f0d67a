/** Clusters of Google Kubernetes Engine. */
export { type GcpClusterSpec, gcp } from "./gcpAdapter.ts";
export type { GkeClusterArgs } from "./gkeArgs.ts";
export { GkeCluster } from "./gkeCluster.ts";
