import { type GpuPool, gpuTaint } from "../../components/cluster/gpuPool.ts";
import { defineCheck, failed, few, notApplicable, passed, warning } from "../check.ts";
import type { TaintFacts } from "../clusterFacts.ts";
import { poolNodes } from "../gpuNodes.ts";
import { noPools } from "./pools.ts";

/** Taints for states of a node that end, or that the check of the pools reports. */
const states =
  /^(node\.kubernetes\.io|node\.cloudprovider\.kubernetes\.io|node\.cilium\.io|ToBeDeletedByClusterAutoscaler$|DeletionCandidateOfClusterAutoscaler$)/;

/**
 * No taint keeps away what must run on a GPU node. Another value than `present` keeps node feature discovery away
 * (k8s-device-plugin #1934).
 */
export const taints = defineCheck({
  name: "taints",
  title: "taints",
  madeBy: "cluster",
  reads: ["nodes"],
  unneeded: noPools,
  needed: () => `${spelled(gpuTaint)} on each GPU node, and no other`,
  compare: ({ nodes }, needs) => {
    const found = poolNodes(needs, nodes);
    const its = found.flatMap((pool) => pool.nodes);
    if (its.length === 0) return notApplicable("there is no GPU node yet");
    const barred = found.flatMap(({ pool, nodes: of }) =>
      of.flatMap((node) => node.taints.filter((taint) => isBar(taint, pool)).map((taint) => ({ node, taint }))),
    );
    const [first] = barred;
    if (first !== undefined) {
      return failed(
        few(barred.map(({ node, taint }) => `${node.name}: ${spelled(taint)}`)),
        `Pods would never start there: kubectl taint node ${first.node.name} ${first.taint.key}:${first.taint.effect}- and set ${spelled(gpuTaint)}.`,
      );
    }
    const open = its.filter((node) => !node.taints.some(({ key }) => key === gpuTaint.key));
    if (open.length > 0) {
      return warning(
        `no taint on ${few(open.map(({ name }) => name))}`,
        `Any pod may fill the node: kubectl taint node ${open[0]?.name} ${spelled(gpuTaint)}`,
      );
    }
    return passed(`${spelled(gpuTaint)} on ${its.length === 1 ? "the GPU node" : `all ${its.length} GPU nodes`}`);
  },
});

/** True for a taint that is not published by the pool, so that nothing tolerates it. */
function isBar(taint: TaintFacts, { taints: tolerated }: GpuPool): boolean {
  if (taint.effect === "PreferNoSchedule" || states.test(taint.key)) return false;
  return !tolerated.some(
    ({ key, value, effect }) => taint.key === key && (taint.value ?? "") === value && taint.effect === effect,
  );
}

function spelled({ key, value, effect }: TaintFacts): string {
  return `${key}${value === undefined || value === "" ? "" : `=${value}`}:${effect}`;
}
