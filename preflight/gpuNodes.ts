import { type GpuPool, sharesPerGpu } from "../components/cluster/gpuPool.ts";
import { floor } from "../components/cluster/machines/machineProblems.ts";
import type { NodeFacts } from "./clusterFacts.ts";
import { type ClusterNeeds, poolsOf } from "./clusterNeeds.ts";

/**
 * The label with the GPU model. GPU feature discovery sets it, which comes with the GPU operator or the device plugin.
 */
export const productLabel = "nvidia.com/gpu.product";

const strategyLabel = "nvidia.com/gpu.sharing-strategy";

/** A declared pool, and the nodes that belong to it. */
export interface PoolNodes {
  /** The pool's name. Undefined for nodes whose pool is not known yet. */
  readonly name: string | undefined;
  /** The pool as it is declared. */
  readonly pool: GpuPool;
  /** Its nodes. */
  readonly nodes: readonly NodeFacts[];
}

/**
 * The nodes of every declared pool; each node belongs to one pool. Feature discovery writes into its labels how GPUs
 * are shared, and a deployment may be about to change that. So a node that no pool selects belongs to the first pool
 * that selects its GPU model and has room. Before feature discovery has run, nodes with a GPU of an unknown model
 * belong to the one pool that lacks nodes; where several lack nodes, to a pool without a name that asks for the least.
 */
export function poolNodes(needs: ClusterNeeds, nodes: readonly NodeFacts[]): PoolNodes[] {
  const found = poolsOf(needs).map(([name, pool]) => ({ name, pool, nodes: nodes.filter((node) => isOf(pool, node)) }));
  const hasRoom = ({ pool, nodes: its }: PoolNodes) => its.length < pool.max;
  const taken = new Set(found.flatMap((pool) => pool.nodes));
  const left = nodes.filter((node) => !taken.has(node));
  for (const node of left) {
    found.find((pool) => hasRoom(pool) && isOf(pool.pool, node, "whatever the sharing"))?.nodes.push(node);
  }
  const untold = left.filter((node) => !(productLabel in node.labels) && gpuEvidence(node) !== undefined);
  const waiting = found.filter((pool) => hasRoom(pool) && productLabel in pool.pool.nodeSelector);
  const [first, ...others] = waiting;
  if (first === undefined || untold.length === 0) return found;
  if (others.length > 0) return [...found, { name: undefined, pool: leastOf(first.pool), nodes: untold }];
  first.nodes.push(...untold.slice(0, first.pool.max - first.nodes.length));
  return found;
}

function leastOf(pool: GpuPool): GpuPool {
  return { ...pool, vcpu: floor.vcpu, memoryGiB: floor.memoryGiB, gpusPerNode: 1, sharing: { kind: "exclusive" } };
}

/** All nodes of all pools, each once. */
export function gpuNodes(needs: ClusterNeeds, nodes: readonly NodeFacts[]): NodeFacts[] {
  return [...new Set(poolNodes(needs, nodes).flatMap((pool) => pool.nodes))];
}

function isOf({ nodeSelector }: GpuPool, { labels }: NodeFacts, sharing?: "whatever the sharing"): boolean {
  return Object.entries(nodeSelector).every(([key, value]) => {
    if (sharing === undefined) return labels[key] === value;
    if (key === strategyLabel) return true;
    return key === productLabel ? product(labels[key]) === product(value) : labels[key] === value;
  });
}

/**
 * `NVIDIA-A100-SXM4-80GB` of `NVIDIA-A100-SXM4-80GB-MIG-1g.10gb-SHARED` (k8s-device-plugin `internal/lm/resource.go`).
 */
export function product(label: string | undefined): string | undefined {
  return label?.replace(/-SHARED$/, "").replace(/-MIG-.*$/, "");
}

/** GPUs that the device plugin offers on a node, MIG slices included. */
export function offeredGpus({ allocatable }: NodeFacts): number {
  return Object.entries(allocatable)
    .filter(([resource]) => resource === "nvidia.com/gpu" || resource.startsWith("nvidia.com/mig-"))
    .reduce((sum, [, quantity]) => sum + amount(quantity), 0);
}

/** GPUs of one node of a pool, before they are shared. */
export function physicalGpus({ gpu, gpusPerNode, sharing }: GpuPool): number {
  return gpusPerNode / (sharesPerGpu(gpu, sharing) || 1);
}

/** The label by which a node has an NVIDIA GPU, although no device plugin runs there. Undefined without one. */
export function gpuEvidence({ labels }: NodeFacts): string | undefined {
  const told = Object.entries(labels).find(
    ([key, value]) =>
      (/^feature\.node\.kubernetes\.io\/pci-(0300_|0302_)?10de\.present$/.test(key) && value === "true") ||
      (key === "nvidia.com/gpu.present" && value === "true") ||
      key === "cloud.google.com/gke-accelerator" ||
      key === "k8s.amazonaws.com/accelerator" ||
      (key === "kubernetes.azure.com/accelerator" && value === "nvidia"),
  );
  return told === undefined ? undefined : `${told[0]}=${told[1]}`;
}

/** A Kubernetes quantity as a number: cores, bytes, devices (apimachinery `resource.Quantity`). 0 for undefined. */
export function amount(quantity: string | undefined): number {
  const [, number = "0", suffix = ""] = /^(\d[\d.]*(?:[eE][+-]?\d+)?)([a-zA-Z]*)$/.exec(quantity ?? "") ?? [];
  const [, power = "", binary] = /^([numkKMGTPE]?)(i?)$/.exec(suffix) ?? [];
  if (binary === "i") return Number(number) * 1_024 ** " KMGTPE".indexOf(power);
  const exponent = { n: -9, u: -6, m: -3, "": 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }[power] ?? 0;
  return exponent < 0 ? Number(number) / 10 ** -exponent : Number(number) * 10 ** exponent;
}

/** True when the node is ready and not cordoned. */
export function isReady({ conditions, unschedulable }: NodeFacts): boolean {
  return conditions.Ready === "True" && !unschedulable;
}
