import { type Problem, unknownChoice } from "../core/problem.ts";
import type { CloudRules } from "./cloudRules.ts";
import type { AnyGpuPoolArgs, Driver } from "./gpuPool.ts";
import type { Machine } from "./machines/machine.ts";

/** Who installs the driver of a pool: the declared owner, else the cloud's default. */
export function poolDriver(
  { driverOwners }: Pick<CloudRules, "driverOwners">,
  pool: AnyGpuPoolArgs,
  machine: Machine,
): Driver {
  return pool.driver ?? { owner: driverOwners(pool, machine)[0] };
}

/** Problems of a pool's driver. */
export function driverProblems(
  { driverOwners, driverRefusal }: Pick<CloudRules, "driverOwners" | "driverRefusal">,
  pool: AnyGpuPoolArgs,
  machine: Machine,
): Problem[] {
  const { driver } = pool;
  if (driver === undefined) return [];
  const possible: readonly string[] = driverOwners(pool, machine);
  const every = ["cloud", "operator", "preinstalled"];
  if (!every.includes(driver.owner)) return [unknownChoice("driver.owner", driver.owner, possible)];
  if (!possible.includes(driver.owner)) {
    return [
      {
        path: "driver.owner",
        reason: `"${driver.owner}" cannot install the driver on "${pool.machine}": ${driverRefusal(driver.owner, machine)}.`,
        fix: `Write "${possible.join('" or "')}", or leave driver out.`,
      },
    ];
  }
  if (driver.owner === "cloud" || driver.version === undefined || /^\d{3}(\.\d{1,3}){1,2}$/.test(driver.version)) {
    return [];
  }
  return [
    {
      path: "driver.version",
      reason: `"${driver.version}" is not a full driver version.`,
      fix: 'Write, for example, "595.91.07".',
    },
  ];
}
