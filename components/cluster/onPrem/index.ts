/** Clusters that exist already and are adopted. */

export type { DriverPackages } from "./driverPackages.ts";
export { type ConfigurationSecret, type OnPremBucketSpec, type OnPremClusterSpec, onPrem } from "./onPremAdapter.ts";
export type { OnPremClusterArgs } from "./onPremArgs.ts";
export { OnPremCluster } from "./onPremCluster.ts";
export type { OnPremBucket, OnPremModelStore } from "./onPremModelStore.ts";
export type { OnPremGpuPool } from "./onPremPools.ts";
export type { AtSite, SiteAccess, SiteIngress, SiteProxy, SiteSettings } from "./siteSettings.ts";
