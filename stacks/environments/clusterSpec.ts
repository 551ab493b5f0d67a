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

/**
 * What the components of the platform take of the cluster's site. Each cloud labels its nodes with their zones; those
 * of a site of one's own have a zone where its owner gave them one.
 */
export function atSite(spec: DeclaredCluster): AtSite {
  const cloud = cloudOf(spec);
  const settings = cloud.settings(spec);
  return {
    ...(settings === undefined ? {} : { settings }),
    ...(cloud.region(spec) === undefined ? {} : { zones: true }),
  };
}

/** Whether manifests are rendered for the cluster instead of applied to it. */
export function isRendered(spec: DeclaredCluster): boolean {
  return renderedDirectory(cloudOf(spec).settings(spec)) !== undefined;
}
