import { gpuFacts } from "../../components/cluster/machines/gpus.ts";
import { count, defineCheck, failed, few, notApplicable, passed, warning } from "../check.ts";
import type { NodeFacts } from "../clusterFacts.ts";
import { type ClusterNeeds, poolsOf } from "../clusterNeeds.ts";
import {
  gpuEvidence,
  gpuNodes,
  isReady,
  offeredGpus,
  type PoolNodes,
  physicalGpus,
  poolNodes,
  product,
  productLabel,
} from "../gpuNodes.ts";

/** Why a check of GPU nodes does not apply. */
export function noPools(needs: ClusterNeeds): string | undefined {
  return poolsOf(needs).length === 0 ? "no GPU pool is declared" : undefined;
}

/**
 * Every declared pool has its nodes; they are ready and have the declared GPU model. Of a cluster whose autoscaler adds
 * nodes, too few is a warning: GKE and AKS add none to reach a raised `min` (hashicorp/terraform-provider-google #8270,
 * kubernetes/autoscaler #4401), and a spot node may be taken back, so a failure would repeat at every run.
 */
export const pools = defineCheck({
  name: "pools",
  title: "GPU pools",
  madeBy: "cluster",
  reads: ["nodes"],
  unneeded: noPools,
  needed: (needs) =>
    poolsOf(needs)
      .map(([name, { min, gpu: model }]) => `${name}: ${count(min, `${model} node`)}`)
      .join(", "),
  compare: ({ nodes }, needs) => {
    const all = poolNodes(needs, nodes);
    const found = all.filter(({ name }) => name !== undefined);
    const wrong = found.flatMap(wrongModels);
    if (wrong.length > 0) {
      return failed(few(wrong), "Declare the pool with the GPU it has, or select other nodes by its nodeSelector.");
    }
    const short = found.filter((pool) => pool.nodes.filter(isReady).length < pool.pool.min);
    const untold = all.flatMap((pool) => pool.nodes.filter((node) => isReady(node) && isUntold(pool, node)));
    const missing = short.reduce((sum, { pool, nodes: its }) => sum + pool.min - its.filter(isReady).length, 0);
    const nameless = all.find(({ name }) => name === undefined)?.nodes.filter(isReady).length ?? 0;
    if (missing > nameless) {
      const seen = few(short.map((pool) => shortage(pool)));
      return needs.nodesComeByThemselves
        ? warning(
            seen,
            "Nothing to do: the first pods bring the nodes. To have them before, see docs/clusters, page of the cloud.",
          )
        : failed(
            seen,
            "Add the nodes, wait until they are ready, or declare the pool as it is. kubectl get nodes --show-labels shows what selects them.",
          );
    }
    if (untold.length > 0) {
      return warning(
        `${count(untold.length, "node")} with an NVIDIA GPU, of a model that nothing tells yet`,
        "Nothing to do if the models are right: feature discovery labels the nodes once the GPU operator runs.",
      );
    }
    return passed(found.map(({ name, nodes: its }) => `${name}: ${count(its.length, "node")}`).join(", "));
  },
});

/** Every GPU node offers to pods as many GPUs as its pool declares. */
export const gpu = defineCheck({
  name: "gpu",
  title: "GPUs",
  madeBy: "cluster",
  reads: ["nodes"],
  unneeded: noPools,
  needed: () => "at least 1 on each GPU node, and what its pool declares",
  compare: ({ nodes }, needs) => {
    const its = gpuNodes(needs, nodes);
    if (its.length === 0) return notApplicable("there is no GPU node yet");
    const isOffered = nodes.some(({ capacity }) => "nvidia.com/gpu" in capacity);
    const without = its.filter((node) => offeredGpus(node) === 0);
    const none = without.filter((node) => isOffered || gpuEvidence(node) === undefined);
    if (none.length > 0) return failed(few(none.map(otherwise)), fixOf(none, isOffered));
    const fewer = poolNodes(needs, nodes).flatMap(({ name, pool, nodes: of }) =>
      of
        .filter((node) => offeredGpus(node) > 0 && offeredGpus(node) < physicalGpus(pool))
        .map((node) => `${node.name} offers ${offeredGpus(node)}, and pool ${name} declares ${physicalGpus(pool)}`),
    );
    if (fewer.length > 0) {
      return failed(few(fewer), "Look for failed GPUs with nvidia-smi on the node, or declare the pool as it is.");
    }
    return without.length > 0
      ? passed(`seen on ${count(its.length, "node")}, and offered once the device plugin runs`)
      : passed(`${its.reduce((sum, node) => sum + offeredGpus(node), 0)} offered on ${count(its.length, "node")}`);
  },
});

const otherVendor = /^(amd|gpu\.intel)\.com\//;

function otherwise(node: NodeFacts): string {
  const other = Object.keys(node.allocatable).find((resource) => otherVendor.test(resource));
  return other === undefined ? `${node.name} has none` : `${node.name} has ${other}, which is not NVIDIA's`;
}

function fixOf(none: readonly NodeFacts[], isOffered: boolean): string {
  if (none.some(({ allocatable }) => Object.keys(allocatable).some((resource) => otherVendor.test(resource)))) {
    return "Models here run on NVIDIA GPUs: select other nodes by the pool's nodeSelector.";
  }
  if (isOffered) return "Look at the driver and the device plugin there: kubectl describe node shows what it offers.";
  return `If there is one, run node feature discovery, or say so: kubectl label node ${none[0]?.name} feature.node.kubernetes.io/pci-10de.present=true`;
}

/** Nodes whose GPU is known and is not of the declared model. */
function wrongModels({ name, pool, nodes }: PoolNodes): string[] {
  const products = gpuFacts(pool.gpu).products;
  return nodes.flatMap((node) => {
    const found = product(node.labels[productLabel]);
    if (found === undefined || products === undefined || products.includes(found)) return [];
    return [`${node.name} has ${found}, and pool ${name} declares ${pool.gpu}`];
  });
}

/** True when the pool is selected by the GPU model, and feature discovery has not labelled the node yet. */
function isUntold({ pool }: PoolNodes, { labels }: NodeFacts): boolean {
  return productLabel in pool.nodeSelector && !(productLabel in labels);
}

function shortage({ name, pool, nodes }: PoolNodes): string {
  const notReady = nodes.filter((node) => !isReady(node)).map((node) => node.name);
  const why = notReady.length === 0 ? "" : ` (not ready: ${few(notReady)})`;
  return `${name}: ${nodes.length - notReady.length} of ${pool.min} nodes${why}`;
}
