/** Clusters of Google Kubernetes Engine. */

export type { GkeEndpoint } from "./endpoint.ts";
export { type GcpClusterSpec, gcp } from "./gcpAdapter.ts";
export type { GkeClusterArgs, GkeDeclaration } from "./gkeArgs.ts";
export { GkeCluster } from "./gkeCluster.ts";
export type { GkePoolArgs } from "./gkePools.ts";
export type { GkeWorkloadIdentity } from "./gkeWorkloadIdentity.ts";
