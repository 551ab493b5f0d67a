/** Clusters that exist already and are adopted. */
export { type OnPremClusterSpec, onPrem } from "./onPremAdapter.ts";
export type { OnPremClusterArgs } from "./onPremArgs.ts";
export { OnPremCluster } from "./onPremCluster.ts";
export type { SiteSettings } from "./siteSettings.ts";
