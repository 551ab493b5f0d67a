import { createHash } from "node:crypto";
import type { SiteSettings } from "../cluster/onPrem/siteSettings.ts";

/** A ConfigMap that the operator mounts into its driver container. */
export interface DriverPackageMap {
  /**
   * It changes with what is in it: the operator does not watch it, and a new name makes it replace the driver's pods.
   */
  readonly name: string;
  /** Files by name. */
  readonly data: Readonly<Record<string, string>>;
}

/** The ConfigMaps of a site's driver packages. Absent: the driver container has what its image brings. */
export function driverPackageMaps({ driverPackages = {} }: SiteSettings): {
  readonly repositories?: DriverPackageMap;
  readonly authorities?: DriverPackageMap;
} {
  const { repositories, authorities } = driverPackages;
  return {
    ...(repositories === undefined ? {} : { repositories: named("driver-repositories", repositories) }),
    ...(authorities === undefined ? {} : { authorities: named("driver-authorities", authorities) }),
  };
}

function named(name: string, data: Readonly<Record<string, string>>): DriverPackageMap {
  const sorted = Object.fromEntries(Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1)));
  const hash = createHash("sha256").update(JSON.stringify(sorted)).digest("hex").slice(0, 8);
  return { name: `${name}-${hash}`, data: sorted };
}
