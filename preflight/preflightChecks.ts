import type { Layer } from "../components/core/stackName.ts";
import type { Check, CheckResult } from "./check.ts";
import { apiServer, unreachable } from "./checks/apiServer.ts";
import { clock } from "./checks/clock.ts";
import { deviceLabels } from "./checks/deviceLabels.ts";
import { driver } from "./checks/driver.ts";
import { ingress } from "./checks/ingress.ts";
import { kubernetesUpgrade } from "./checks/kubernetesUpgrade.ts";
import { monitors } from "./checks/monitors.ts";
import { networkPolicy } from "./checks/networkPolicy.ts";
import { cpu, memory } from "./checks/nodeSize.ts";
import { operatingSystem, runtime } from "./checks/nodeSoftware.ts";
import { permissions } from "./checks/permissions.ts";
import { podSecurity } from "./checks/podSecurity.ts";
import { gpu, pools } from "./checks/pools.ts";
import { registries } from "./checks/registries.ts";
import { sharing } from "./checks/sharing.ts";
import { storageClass } from "./checks/storageClass.ts";
import { platformSystems } from "./checks/systems.ts";
import { systemUpgrades } from "./checks/systemUpgrades.ts";
import { taints } from "./checks/taints.ts";
import type { ClusterFacts } from "./clusterFacts.ts";
import type { ClusterNeeds } from "./clusterNeeds.ts";

/** All checks of a cluster, in the order they are shown: the cluster, its GPU nodes, what will run on it. */
const checks: readonly Check[] = [
  apiServer,
  kubernetesUpgrade,
  permissions,
  pools,
  cpu,
  memory,
  gpu,
  sharing,
  driver,
  deviceLabels,
  taints,
  runtime,
  operatingSystem,
  platformSystems,
  systemUpgrades,
  monitors,
  podSecurity,
  networkPolicy,
  storageClass,
  ingress,
  clock,
];

/**
 * Checks whether a cluster can carry what is declared for it; a function of its arguments alone. For a cluster that
 * cannot be reached there is the result of the first check, and that of the registries, which are asked from here.
 */
export function preflightChecks(facts: ClusterFacts, needs: ClusterNeeds): CheckResult[] {
  const { api } = facts;
  const made = api.reachable
    ? checks.map((check) => check.run({ ...facts, api }, needs))
    : [unreachable(facts.server, api, needs)];
  return [...made, registries(facts, needs)];
}

/** The results that a layer which is not deployed yet leaves as they are. */
export function lessMadeBy(layer: Layer, results: readonly CheckResult[]): CheckResult[] {
  const made = new Set(checks.filter(({ madeBy }) => madeBy === layer).map(({ name }) => name));
  return results.filter(({ check }) => !made.has(check));
}
