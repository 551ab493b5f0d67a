import { cloudOf } from "../../components/cluster/clouds.ts";
import type { GpuPool } from "../../components/cluster/gpuPool.ts";
import { fittingPools } from "../../components/model/hostCluster.ts";
import type { Model } from "../../components/model/model.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import { type CostRange, clusterCost, hoursOfMonth } from "./cost.ts";

/** What one GPU, or share of one, costs for an hour on a cluster, or why that is not known. */
export type GpuHourPrice =
  /** US dollars, in the cheapest pool that the model can run in, and in the dearest. */
  | { readonly dollars: CostRange; readonly pools: readonly string[] }
  /** One sentence without its full stop. */
  | { readonly unknown: string };

/**
 * The price of a GPU hour of a model on a cluster: that of a node of each pool that the model may run on,
 * divided by how many `nvidia.com/gpu` the node has. One pool without a price makes it unknown, because pods may land
 * there.
 */
export function gpuHourPrice(
  { clusters, spending = {} }: Pick<Environment, "clusters" | "spending">,
  cluster: string,
  { server: { gpu } }: Pick<Model, "server">,
): GpuHourPrice {
  const spec = clusters[cluster];
  if (spec === undefined || gpu === undefined) return { unknown: "the model asks for no GPU" };
  const pools = fittingPools(gpu, cloudOf(spec).gpuPools(spec));
  const { bill, items, unpriced } = clusterCost(cluster, spec, spending, Object.keys(clusters).length);
  if (bill === "own") return { unknown: "the machines are your own, which no cloud bills" };
  const prices = pools.map(([name, pool]) => ({ name, price: nodePrice(name, pool) }));
  const lack = prices.find(({ price }) => price === undefined);
  if (lack !== undefined || prices.length === 0) {
    const reason = unpriced.find(({ kind, name }) => kind === "gpuNodes" && name === lack?.name)?.reason;
    return { unknown: reason ?? "no price of its pools is known" };
  }
  const known = prices.flatMap(({ price }) => price ?? []);
  return { dollars: { least: Math.min(...known), most: Math.max(...known) }, pools: pools.map(([name]) => name) };

  function nodePrice(name: string, { gpusPerNode, max }: GpuPool): number | undefined {
    const lacks = unpriced.some((one) => one.kind === "gpuNodes" && one.name === name);
    const ofPool = items.filter((item) => item.kind === "gpuNodes" && item.name === name);
    if (lacks || ofPool.length === 0) return undefined;
    const month = ofPool.reduce((sum, { units, price }) => sum + units.most * price * hoursOfMonth, 0);
    return month / hoursOfMonth / max / gpusPerNode;
  }
}
