import { gpuFacts } from "../../../components/cluster/machines/gpus.ts";
import { count, defineCheck, failed, few, notApplicable, passed, warning } from "../check.ts";
import type { NodeFacts } from "../clusterFacts.ts";
import { type ClusterNeeds, gpuNodeFloor, poolsOf } from "../clusterNeeds.ts";
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

export const noPoolsDeclared = "no GPU pool is declared";

export function noPools(needs: ClusterNeeds): boolean {
  return poolsOf(needs).length === 0;
}

/** Every declared pool has its nodes, ready, with the GPU model it is declared with. */
export const pools = defineCheck({
  name: "pools",
  title: "GPU pools",
  reads: ["nodes"],
  judge: ({ nodes }, needs) => {
    if (noPools(needs)) return notApplicable(noPoolsDeclared);
    const found = poolNodes(needs, nodes);
    const needed = found.map(({ name, pool }) => `${name}: ${count(pool.min, `${pool.gpu} node`)}`).join(", ");
    const wrong = found.flatMap(wrongModels);
    if (wrong.length > 0) {
      return failed(
        few(wrong),
        needed,
        "Declare the pool with the GPU it has, or select other nodes by its nodeSelector.",
      );
    }
    const short = found.filter((pool) => pool.nodes.filter(isReady).length < pool.pool.min);
    if (short.length === 0) {
      return passed(found.map(({ name, nodes: its }) => `${name}: ${count(its.length, "node")}`).join(", "), needed);
    }
    const undiscovered = short.filter((pool) => waitsForDiscovery(pool, nodes));
    const missing = short.reduce((sum, { pool }) => sum + pool.min, 0);
    const unnamed = nodes.filter((node) => isReady(node) && gpuEvidence(node) !== undefined);
    if (undiscovered.length === short.length && unnamed.length >= missing) {
      return warning(
        `${count(unnamed.length, "node")} with an NVIDIA GPU, of a model that nothing tells yet`,
        needed,
        "Nothing to do if the models are right: GPU feature discovery labels the nodes once the GPU operator runs.",
      );
    }
    return failed(
      few(short.map((pool) => shortage(pool))),
      needed,
      "Add the nodes, wait until they are ready, or declare the pool as it is. kubectl get nodes --show-labels shows what selects them.",
    );
  },
});

/** Every GPU node has a GPU that pods can get, as many as declared. */
export const gpu = defineCheck({
  name: "gpu",
  title: "GPUs",
  reads: ["nodes"],
  judge: ({ nodes }, needs) => {
    if (noPools(needs)) return notApplicable(noPoolsDeclared);
    const needed = `at least ${gpuNodeFloor.gpus} on each GPU node, and what its pool declares`;
    const its = gpuNodes(needs, nodes);
    if (its.length === 0) return notApplicable("there is no GPU node yet");
    const isOffered = nodes.some((node) => offeredGpus(node) > 0);
    const without = its.filter((node) => offeredGpus(node) === 0);
    const none = without.filter((node) => isOffered || gpuEvidence(node) === undefined);
    if (none.length > 0) return failed(few(none.map(otherwise)), needed, fixOf(none, isOffered));
    const fewer = poolNodes(needs, nodes).flatMap(({ name, pool, nodes: of }) =>
      of
        .filter((node) => offeredGpus(node) > 0 && offeredGpus(node) < physicalGpus(pool))
        .map((node) => `${node.name} offers ${offeredGpus(node)}, and pool ${name} declares ${physicalGpus(pool)}`),
    );
    if (fewer.length > 0) {
      return failed(
        few(fewer),
        needed,
        "Look for failed GPUs with nvidia-smi on the node, or declare the pool as it is.",
      );
    }
    const seen = without.map((node) => `${node.name} (${gpuEvidence(node)})`);
    return seen.length > 0
      ? passed(`seen, and offered once the device plugin runs: ${few(seen, 2)}`, needed)
      : passed(
          `${its.reduce((sum, node) => sum + offeredGpus(node), 0)} offered on ${count(its.length, "node")}`,
          needed,
        );
  },
});

function otherwise(node: NodeFacts): string {
  const other = Object.keys(node.allocatable).find((resource) => /^(amd|gpu\.intel)\.com\//.test(resource));
  return other === undefined ? `${node.name} has none` : `${node.name} has ${other}, which is not NVIDIA's`;
}

function fixOf(none: readonly NodeFacts[], isOffered: boolean): string {
  if (isOffered)
    return "Look at the device plugin and the driver on these nodes: kubectl describe node shows what they offer.";
  return `If they have one, run node feature discovery, or say so: kubectl label node ${none[0]?.name} feature.node.kubernetes.io/pci-10de.present=true`;
}

/** Nodes whose product is known and is not one the declared model is sold as. */
function wrongModels({ name, pool, nodes }: PoolNodes): string[] {
  const products = gpuFacts(pool.gpu).products;
  return nodes.flatMap((node) => {
    const found = product(node.labels[productLabel]);
    if (found === undefined || products === undefined || products.includes(found)) return [];
    return [`${node.name} has ${found}, and pool ${name} declares ${pool.gpu}`];
  });
}

/** The pool is selected by what GPU feature discovery says, and it says nothing on any node yet. */
function waitsForDiscovery({ pool }: PoolNodes, nodes: readonly NodeFacts[]): boolean {
  return productLabel in pool.nodeSelector && !nodes.some(({ labels }) => productLabel in labels);
}

function shortage({ name, pool, nodes }: PoolNodes): string {
  const notReady = nodes.filter((node) => !isReady(node)).map((node) => node.name);
  const why = notReady.length === 0 ? "" : ` (not ready: ${few(notReady)})`;
  return `${name}: ${nodes.length - notReady.length} of ${pool.min} nodes${why}`;
}
