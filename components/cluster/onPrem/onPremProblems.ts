import { dnsLabelProblems } from "../../core/names.ts";
import { type Problem, under } from "../../core/problem.ts";
import { clusterLabelProblems } from "../labels.ts";
import type { OnPremClusterArgs } from "./onPremArgs.ts";
import { defaultModelStore, onPremModelStoreProblems } from "./onPremModelStore.ts";
import { onPremPoolProblems, overlappingPools } from "./onPremPools.ts";
import { renderedDirectory, validateSiteSettings } from "./siteSettings.ts";

/** Everything wrong with a cluster that is adopted, by the path its owner typed. */
export function validateOnPremCluster(args: OnPremClusterArgs): Problem[] {
  const { gpuPools = {}, settings = {} } = args;
  return [
    ...identifierProblems(args.clusterIdentifier),
    ...clusterLabelProblems("labels", args.labels ?? {}),
    ...Object.entries(gpuPools).flatMap(([key, pool]) => {
      const path = `gpuPools["${key}"]`;
      return [...dnsLabelProblems(path, key, 20), ...under(path, onPremPoolProblems(pool))];
    }),
    ...overlappingPools(gpuPools),
    ...under("modelStore", onPremModelStoreProblems(args.modelStore ?? defaultModelStore)),
    ...under("settings", validateSiteSettings(settings)),
    ...accessProblems(args),
  ];
}

function identifierProblems(clusterIdentifier: string): Problem[] {
  return clusterIdentifier !== "" && clusterIdentifier.length <= 253
    ? []
    : [
        {
          path: "clusterIdentifier",
          reason: `"${clusterIdentifier}" is not a name of 1 to 253 characters.`,
          fix: "Write a name that never changes, such as the cluster's key.",
        },
      ];
}

function accessProblems({ kubeconfig, modelStore = defaultModelStore, settings }: OnPremClusterArgs): Problem[] {
  if (renderedDirectory(settings) === undefined) {
    return kubeconfig !== undefined
      ? []
      : [
          {
            path: "kubeconfig",
            reason: "there is none.",
            fix: 'Give the cluster\'s, or write settings: { access: { kind: "rendered", directory: "rendered" } } for a site that cannot be reached.',
          },
        ];
  }
  const problems: Problem[] = [];
  if (kubeconfig !== undefined) {
    problems.push({
      path: "kubeconfig",
      reason: "manifests are rendered for this site, so nothing uses it.",
      fix: 'Remove it, or write settings: { access: { kind: "direct" } }.',
    });
  }
  if ("s3" in modelStore) {
    problems.push({
      path: "modelStore.s3.credentials",
      reason: "manifests are rendered for this site, and a rendered Secret is a file in plain text.",
      fix: 'Keep the models on a volume of the site, modelStore: { pvc: "model-store" }.',
    });
  }
  return problems;
}
