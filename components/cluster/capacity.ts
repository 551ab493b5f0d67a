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
