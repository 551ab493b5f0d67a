import type { GpuModel } from "./gpus.ts";

/** One machine of a cloud's catalogue. */
export interface Machine {
  /** What quotas and prices are kept by. */
  readonly family: string;
  readonly vcpu: number;
  /** Nominal; a node reports some 3 to 10 % less. */
  readonly memoryGiB: number;
  readonly gpu: GpuModel;
  /** GPUs of one machine. */
  readonly gpus: number;
  /** The machine has only this share of its one GPU. Absent: whole GPUs. */
  readonly fraction?: number;
  /** @default "amd64" */
  readonly arch?: "arm64";
  /** The oldest driver branch that knows the GPU. Absent: every supported one. */
  readonly minimumDriver?: number;
}
