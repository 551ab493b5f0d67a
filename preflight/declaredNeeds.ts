import * as pulumi from "@pulumi/pulumi";
import { type ClusterSpec, cloudOf } from "../components/cluster/clouds.ts";
import { deviceLabels } from "../components/cluster/deviceLabels.ts";
import { mirroredImage } from "../components/core/registryMirror.ts";
import { rcloneImage } from "../components/model/artifactDownload.ts";
import { objectLabels } from "../components/model/objectNames.ts";
import { podLabels } from "../components/model/tritonPod.ts";
import { namespaceName } from "../components/platform/modelNamespace.ts";
import type { DeclaredPlatform, PlatformSystem } from "../components/platform/platformSystem.ts";
import { installedVersions, systemCluster, systems } from "../components/platform/systems.ts";
import type { Environment } from "../stacks/environments/environment.ts";
import type { ClusterNeeds } from "./clusterNeeds.ts";

/** The cluster that `local` is deployed to. Every other environment has the clusters it declares. */
export type Stand =
  /** The embedded control plane, whose nodes are simulated: nothing is pulled there. */
  | "embedded"
  /** A cluster without a platform: everything is installed, whatever is declared. */
  | "unprepared";

/** What one cluster of an environment must have. */
export function declaredNeeds(environment: Environment, key: string, spec: ClusterSpec, stand?: Stand): ClusterNeeds {
  const { platform: declared } = environment;
  const cloud = cloudOf(spec);
  const settings = cloud.settings(spec);
  const gpuPools = cloud.gpuPools(spec);
  const platform = stand === "unprepared" ? allInstalled(declared) : declared;
  const { modes } = systemCluster(environment, key, spec, platform);
  const installed = Object.entries(systems).filter(([system]) => modes[system] === "install");
  const [version, before] = [cloud.kubernetesVersion(spec), cloud.beforeUpgrade?.(spec)];
  return {
    versions: { systems: installedVersions(modes) },
    ...(version === undefined ? {} : { kubernetes: { version, ...(before === undefined ? {} : { before }) } }),
    gpuPools,
    ...(cloud.adopted ? {} : { nodesComeByThemselves: true as const }),
    deviceLabels:
      modes.gpuOperator === "install"
        ? Object.fromEntries(Object.entries(gpuPools).map(([name, pool]) => [name, deviceLabels(cloud.rules, pool)]))
        : {},
    systems: Object.fromEntries(
      Object.entries(systems).flatMap(([system, { requirements }]) =>
        requirements.length === 0 ? [] : [[system, modes[system] ?? "none"]],
      ),
    ),
    models: Object.entries(environment.models).map(([name, { version: served }]) => ({
      name,
      monitorLabels: objectLabels(name),
      podLabels: podLabels(name, served),
    })),
    modelNamespace: {
      name: namespaceName(declared.modelNamespace),
      mode: modes.modelNamespace === "install" ? "create" : "adopt",
    },
    namespaces: installed.flatMap(([, { namespaces }]) => namespaces),
    storage: storageOf(installed, settings?.storageClass),
    ingress: installed.some(([, { asks }]) => asks.loadBalancer)
      ? (settings?.ingress ?? { kind: "loadBalancer" })
      : { kind: "none" },
    networkPolicy: settings?.networkPolicy ?? "enforced",
    ...(settings?.registryMirror === undefined ? {} : { registryMirror: settings.registryMirror }),
  };
}

/** The images that the models of an environment run, each once, as the nodes of the cluster pull them. */
export function modelImages({ models }: Environment, spec: ClusterSpec): string[] {
  const cloud = cloudOf(spec);
  const mirror = cloud.settings(spec)?.registryMirror;
  // Which kind of store it is follows from the declaration; where it is, does not matter.
  const isVolume = cloud.modelStore(spec, pulumi.output("")).kind === "pvc";
  const images = Object.values(models).flatMap(({ server, artifact, repository }) => [
    server.image,
    ...(artifact === undefined || "pvc" in repository || ("modelStore" in repository && isVolume) ? [] : [rcloneImage]),
  ]);
  return [...new Set(images.map((image) => mirroredImage(mirror, image)))];
}

/** The StorageClass that installed systems claim volumes of. None where one of them makes the default. */
function storageOf(
  installed: readonly (readonly [key: string, system: PlatformSystem])[],
  storageClass?: string,
): ClusterNeeds["storage"] {
  const isClaimed = installed.some(([, { asks }]) => asks.volume);
  const isMade = installed.some(([, { providesStorageClass }]) => providesStorageClass);
  if (!isClaimed || isMade) return { kind: "none" };
  return storageClass === undefined ? { kind: "default" } : { kind: "class", name: storageClass };
}

/** The platform of a cluster on which nothing runs yet. */
function allInstalled(platform: DeclaredPlatform): DeclaredPlatform {
  return Object.fromEntries(
    Object.entries(platform).map(([key, args]) => [
      key,
      args === undefined ? args : (systems[key]?.installed(args) ?? args),
    ]),
  );
}
