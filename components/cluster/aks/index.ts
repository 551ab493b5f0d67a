/** Clusters of Azure Kubernetes Service. */
export type { AksClusterArgs, AksDeclaration } from "./aksArgs.ts";
export { AksCluster } from "./aksCluster.ts";
export type { KubeLogin } from "./aksKubeconfig.ts";
export type { AksWorkloadIdentity } from "./aksWorkloadIdentity.ts";
export { type AzureClusterSpec, azure } from "./azureAdapter.ts";
export { classicAzureProvider } from "./classicAzure.ts";
