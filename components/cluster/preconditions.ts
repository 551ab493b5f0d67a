import type { Problem } from "../core/problem.ts";
import type { AnyGpuPoolArgs } from "./gpuPool.ts";
import type { Machine } from "./machines/machine.ts";
import { driverProblems } from "./poolDriver.ts";

/** The clouds whose machines we know. */
export type Cloud = "aws" | "azure" | "gcp";

/** Everything wrong with a pool, by the path its owner typed below the pool. */
export function poolProblems(
  cloud: Cloud,
  pool: AnyGpuPoolArgs,
  machine: Machine,
  _zones: readonly string[],
): Problem[] {
  return [...driverProblems(cloud, pool, machine)];
}
