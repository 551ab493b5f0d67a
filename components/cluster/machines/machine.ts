import type { GpuModel } from "./gpus.ts";

/** One machine of a cloud's catalogue. */
export interface Machine {
  /** The cloud's name of the machine's family, by which it counts quotas: `g6`, `NCasT4_v3`. */
  readonly family: string;
  /** vCPUs as the machine is sold. */
  readonly vcpu: number;
  /** Memory in GiB as the machine is sold. A node reports some 3 to 10 % less. */
  readonly memoryGiB: number;
  /** The model of its GPUs. */
  readonly gpu: GpuModel;
  /** How many GPUs one machine has; 1 where it has only a share of one. */
  readonly gpus: number;
  /** The machine has only this share of its one GPU, between 0 and 1. Absent: whole GPUs. */
  readonly fraction?: number;
  /** The CPU architecture. @default "amd64" */
  readonly arch?: "arm64";
  /** The oldest driver branch that supports the GPU, for example 580. Absent: every supported branch does. */
  readonly minimumDriver?: number;
}
