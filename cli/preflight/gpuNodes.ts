import { type GpuPool, sharesPerGpu } from "../../components/cluster/gpuPool.ts";
import type { NodeFacts } from "./clusterFacts.ts";
import { type ClusterNeeds, poolsOf } from "./clusterNeeds.ts";

/** Set by GPU feature discovery, which comes with the GPU operator or the device plugin. */
export const productLabel = "nvidia.com/gpu.product";

/** A pool that is declared, and the nodes that are there for it. */
export interface PoolNodes {
  readonly name: string;
  readonly pool: GpuPool;
  readonly nodes: readonly NodeFacts[];
}

/** The nodes of every declared pool. */
export function poolNodes(needs: ClusterNeeds, nodes: readonly NodeFacts[]): PoolNodes[] {
  return poolsOf(needs).map(([name, pool]) => ({ name, pool, nodes: nodes.filter((node) => isOf(pool, node)) }));
}

/** All nodes of all pools, each once. */
export function gpuNodes(needs: ClusterNeeds, nodes: readonly NodeFacts[]): NodeFacts[] {
  const pools = poolsOf(needs);
  return nodes.filter((node) => pools.some(([, pool]) => isOf(pool, node)));
}

/**
 * A node belongs to a pool by the pool's selector. The product is compared without the suffix by which feature discovery tells how the
 * GPU is shared, because that follows from what is about to be applied.
 */
function isOf({ nodeSelector }: GpuPool, { labels }: NodeFacts): boolean {
  return Object.entries(nodeSelector).every(([key, value]) =>
    key === productLabel ? product(labels[key]) === product(value) : labels[key] === value,
  );
}

/** `NVIDIA-A100-SXM4-80GB` of `NVIDIA-A100-SXM4-80GB-MIG-1g.10gb-SHARED` (k8s-device-plugin `internal/lm/resource.go`). */
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

/** By what a node without a device plugin can be seen to have an NVIDIA GPU. */
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

/** A Kubernetes quantity as a number: cores, bytes, devices (apimachinery `resource.Quantity`). */
export function amount(quantity: string | undefined): number {
  const [, number, suffix = ""] = /^([\d.]+(?:[eE][+-]?\d+)?)([a-zA-Z]*)$/.exec(quantity ?? "0") ?? [];
  const [, power = "", binary] = /^([numkKMGTPE]?)(i?)$/.exec(suffix) ?? [];
  if (binary === "i") return Number(number) * 1_024 ** " KMGTPE".indexOf(power);
  const exponent = { n: -9, u: -6, m: -3, "": 0, k: 3, K: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }[power] ?? 0;
  return Number(`${number ?? 0}e${exponent}`);
}

export function isReady({ conditions, unschedulable }: NodeFacts): boolean {
  return conditions.Ready === "True" && !unschedulable;
}
