import { type GpuPool, sharesPerGpu } from "./gpuPool.ts";
import type { GpuModel } from "./machines/gpus.ts";

interface Range {
  readonly min: number;
  readonly max: number;
}

/** What an edge site registers about itself; placement reads it. */
export interface EdgeSite {
  /** To the site's users and to the rest of the fleet, Mbit/s. */
  readonly bandwidthMbps: number;
  /** Sites of one zone reach each other within a few milliseconds; the name is the owner's. */
  readonly latencyZone: string;
}

/** What the GPU nodes of a cluster can carry, at their least and at their most. */
export interface ClusterCapacity {
  readonly nodes: Range;
  readonly vcpu: Range;
  readonly memoryGiB: Range;
  /** Physical GPUs by model. */
  readonly gpus: Readonly<Partial<Record<GpuModel, Range>>>;
  /** Of an edge site. */
  readonly site?: EdgeSite;
}

/** The sum over a cluster's pools. Shares are counted back to the GPUs they are cut from. */
export function capacityOf(pools: Readonly<Record<string, GpuPool>>, site?: EdgeSite): ClusterCapacity {
  const all = Object.values(pools);
  const sum = (ofNode: (pool: GpuPool) => number, of: readonly GpuPool[] = all): Range => ({
    min: of.reduce((total, pool) => total + pool.min * ofNode(pool), 0),
    max: of.reduce((total, pool) => total + pool.max * ofNode(pool), 0),
  });
  const gpus = ({ gpu, gpusPerNode, sharing }: GpuPool) => gpusPerNode / sharesPerGpu(gpu, sharing);
  const models = [...new Set(all.map(({ gpu }) => gpu))];
  return {
    nodes: sum(() => 1),
    vcpu: sum(({ vcpu }) => vcpu),
    memoryGiB: sum(({ memoryGiB }) => memoryGiB),
    gpus: Object.fromEntries(
      models.map((model) => [
        model,
        sum(
          gpus,
          all.filter(({ gpu }) => gpu === model),
        ),
      ]),
    ),
    ...(site === undefined ? {} : { site }),
  };
}
