/** Clusters of Amazon EKS. */
export { type AwsClusterSpec, aws } from "./awsAdapter.ts";
export type { EksClusterArgs, EksDeclaration } from "./eksArgs.ts";
export { EksCluster } from "./eksCluster.ts";
export type { EksWorkloadIdentity } from "./eksWorkloadIdentity.ts";
export type { Endpoint } from "./endpoint.ts";
export type { Peering } from "./peerings.ts";
