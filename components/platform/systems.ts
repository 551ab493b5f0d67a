import type { DeclaredCluster } from "../cluster/cloudAdapter.ts";
import { cloudOf } from "../cluster/clouds.ts";
import type { SystemVersions } from "../core/versions/releases.ts";
import { argoRollouts } from "./argoRollouts.ts";
import { awsLoadBalancerController } from "./awsLoadBalancerController.ts";
import { certManager } from "./certManager.ts";
import { clusterAutoscaler } from "./clusterAutoscaler.ts";
import { ebsStorageClass } from "./ebsStorageClass.ts";
import { efaDevicePlugin } from "./efaDevicePlugin.ts";
import { gpuMetrics } from "./gpuMetrics.ts";
import { gpuOperator } from "./gpuOperator.ts";
import { istio } from "./istio.ts";
import { metricsServer } from "./metricsServer.ts";
import { modelNamespace } from "./modelNamespace.ts";
import {
  type DeclaredPlatform,
  modeOf,
  type PlatformSystem,
  type SystemCluster,
  type SystemMode,
} from "./platformSystem.ts";
import { prometheus } from "./prometheus.ts";
import { systemMonitors } from "./systemMonitors.ts";

/** Every platform system: a file and a line here. */
const shipped = {
  ebsStorageClass,
  metricsServer,
  prometheus,
  gpuOperator,
  gpuMetrics,
  clusterAutoscaler,
  efaDevicePlugin,
  certManager,
  awsLoadBalancerController,
  istio,
  argoRollouts,
  systemMonitors,
  modelNamespace,
};

type Shipped = typeof shipped;
type Declared = Shipped[keyof Shipped]["declared"];

/** The arguments that an environment declares for a system. */
type DeclaredArgs<System> = System extends { installed(args: infer Args): unknown } ? Args : never;

/** The systems that are declared in this way, with their arguments. */
type Declaring<How extends Declared> = {
  readonly [Key in keyof Shipped as Shipped[Key]["declared"] extends How ? Key : never]: DeclaredArgs<Shipped[Key]>;
};

/**
 * What an environment declares of its platform: the arguments of each system, by its key. Every cluster gets the same.
 */
export type PlatformSpec = Declaring<"required"> & Partial<Declaring<"optional">>;

/**
 * The record that everything looks systems up in. A program may add a system of its own before it declares an
 * environment.
 */
export const systems: Record<string, PlatformSystem> = shipped;

/** The versions of every system that the version matrix knows, by the system's key. */
export function systemVersions(): Record<string, SystemVersions> {
  return Object.fromEntries(
    Object.entries(systems).flatMap(([key, { versions }]) => (versions === undefined ? [] : [[key, versions]])),
  );
}

/** The versions that the pinned charts install, by the system's key. */
export function pinnedVersions(): Record<string, string> {
  return Object.fromEntries(Object.entries(systemVersions()).map(([key, { installed }]) => [key, installed]));
}

/**
 * The pinned versions of the systems that are installed on a cluster, by key. An adopted system's version is its
 * owner's.
 */
export function installedVersions(modes: SystemCluster["modes"]): Record<string, string> {
  return Object.fromEntries(Object.entries(pinnedVersions()).filter(([key]) => modes[key] === "install"));
}

/** The arguments of a system in a platform: the declared ones, or those that hold where none are declared. */
export function argsOf(key: string, platform: DeclaredPlatform): object | undefined {
  return platform[key] ?? systems[key]?.fallback;
}

/** A cluster as platform systems see it, with the systems that run on it. */
export function systemCluster(
  environment: { readonly name: string; readonly domain: string },
  key: string,
  spec: DeclaredCluster,
  platform: DeclaredPlatform,
): SystemCluster {
  const cloud = cloudOf(spec);
  const modes: Record<string, SystemMode> = {};
  const cluster: SystemCluster = {
    environment: environment.name,
    domain: environment.domain,
    key,
    spec,
    cloud,
    gpuPools: cloud.gpuPools(spec),
    platform,
    modes,
  };
  for (const system of inOrder()) modes[system] = modeOn(system, cluster, platform);
  return cluster;
}

/** The ports of the webhooks of all systems on a cluster, adopted ones included, in order. */
export function webhookPorts({ modes }: SystemCluster): number[] {
  const ports = Object.entries(systems).flatMap(([key, system]) => (modes[key] === "none" ? [] : system.webhookPorts));
  return [...new Set(ports)].sort((a, b) => a - b);
}

/** How one system comes to a cluster. The systems before it are decided. */
function modeOn(key: string, cluster: SystemCluster, platform: DeclaredPlatform): SystemMode {
  const system = systems[key];
  const args = argsOf(key, platform);
  if (system === undefined || args === undefined) return "none";
  const wanted = system.onlyWhereNeeded
    ? cluster.cloud.needs(cluster.spec).includes(key)
    : !cluster.cloud.brings.includes(key);
  return wanted && system.runsOn(cluster) ? modeOf(args) : "none";
}

/**
 * The keys of all systems, each after those that it waits for; otherwise in the order of the record.
 *
 * @throws Error for a circle or a key that is not in the record: a defect of a system's file.
 */
export function inOrder(): string[] {
  const ordered: string[] = [];
  const visit = (key: string, path: readonly string[]): void => {
    if (ordered.includes(key)) return;
    if (path.includes(key)) throw new Error(`Platform systems wait for each other: ${[...path, key].join(" → ")}.`);
    const system = systems[key];
    if (system === undefined) throw new Error(`System "${path.at(-1)}" comes after "${key}", which does not exist.`);
    for (const earlier of system.after) visit(earlier, [...path, key]);
    ordered.push(key);
  };
  for (const key of Object.keys(systems)) visit(key, []);
  return ordered;
}
