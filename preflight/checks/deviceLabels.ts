import { defineCheck, failed, few, passed } from "../check.ts";
import type { ClusterNeeds } from "../clusterNeeds.ts";
import { poolNodes } from "../gpuNodes.ts";

/**
 * The nodes have the labels that tell the GPU operator how to share GPUs and what to leave alone. The cluster layer
 * labels the pools it makes; at an on-prem site an administrator does it.
 */
export const deviceLabels = defineCheck({
  name: "deviceLabels",
  title: "node labels",
  madeBy: "cluster",
  reads: ["nodes"],
  unneeded: (needs) => (wanted(needs).length === 0 ? "no pool needs a label for the GPU operator" : undefined),
  needed: (needs) => wanted(needs).join(", "),
  compare: ({ nodes }, needs) => {
    const missing = poolNodes(needs, nodes).flatMap(({ name, nodes: its }) =>
      its.flatMap((node) => {
        const lacking = Object.entries(needs.deviceLabels[name ?? ""] ?? {}).filter(
          ([key, value]) => !isSet(node.labels[key], value),
        );
        return lacking.length === 0 ? [] : [{ node: node.name, labels: lacking.map(spelled) }];
      }),
    );
    const [first] = missing;
    if (first === undefined) return passed("all there");
    return failed(
      few(missing.map(({ node, labels }) => `${node} lacks ${labels.join(" and ")}`)),
      `kubectl label node ${first.node} ${first.labels.join(" ")} --overwrite`,
    );
  },
});

function wanted({ deviceLabels: byPool }: ClusterNeeds): string[] {
  return [...new Set(Object.values(byPool).flatMap((labels) => Object.entries(labels).map(spelled)))];
}

/** The operator writes `pre-installed` where it finds a driver, and installs none there, as with `false`. */
function isSet(found: string | undefined, wanted: string): boolean {
  return found === wanted || (found === "pre-installed" && wanted === "false");
}

function spelled([key, value]: [string, string]): string {
  return `${key}=${value}`;
}
