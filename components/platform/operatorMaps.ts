import { createHash } from "node:crypto";
import type { SiteSettings } from "../cluster/onPrem/siteSettings.ts";

/** A ConfigMap that the GPU operator mounts into its pods. */
export interface OperatorMap {
  /** It changes with what is in it: the operator does not watch it, and a new name makes it replace the pods. */
  readonly name: string;
  /** Files by name. */
  readonly data: Readonly<Record<string, string>>;
}

/** The ConfigMaps of a site's driver packages. Absent: the driver container has what its image brings. */
export function driverPackageMaps({ driverPackages = {} }: SiteSettings): {
  readonly repositories?: OperatorMap;
  readonly authorities?: OperatorMap;
} {
  const { repositories, authorities } = driverPackages;
  return {
    ...(repositories === undefined ? {} : { repositories: operatorMap("driver-repositories", repositories) }),
    ...(authorities === undefined ? {} : { authorities: operatorMap("driver-authorities", authorities) }),
  };
}

/** A ConfigMap whose name begins with `name`. The order of its files does not matter. */
export function operatorMap(name: string, data: Readonly<Record<string, string>>): OperatorMap {
  const sorted = Object.fromEntries(Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1)));
  const hash = createHash("sha256").update(JSON.stringify(sorted)).digest("hex").slice(0, 8);
  return { name: `${name}-${hash}`, data: sorted };
}
