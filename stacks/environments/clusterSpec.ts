import type { DeclaredCluster } from "../../components/cluster/cloudAdapter.ts";
import { cloudOf, clouds } from "../../components/cluster/clouds.ts";
import { type AtSite, renderedDirectory } from "../../components/cluster/onPrem/siteSettings.ts";
import { type Problem, unknownChoice } from "../../components/core/problem.ts";

/** Everything wrong with a declared cluster, by the path its owner typed. */
export function clusterProblems(spec: DeclaredCluster): Problem[] {
  return Object.hasOwn(clouds, spec.cloud)
    ? cloudOf(spec).problems(spec)
    : [unknownChoice("cloud", spec.cloud, Object.keys(clouds))];
}

/** The settings of the cluster's site, as the components of the platform take them. */
export function atSite(spec: DeclaredCluster): AtSite {
  const settings = cloudOf(spec).settings(spec);
  return settings === undefined ? {} : { settings };
}

/** Whether manifests are rendered for the cluster instead of applied to it. */
export function isRendered(spec: DeclaredCluster): boolean {
  return renderedDirectory(cloudOf(spec).settings(spec)) !== undefined;
}
