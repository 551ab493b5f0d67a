import { type ClusterSpec, cloudOf } from "../components/cluster/clouds.ts";
import { deviceLabels } from "../components/cluster/deviceLabels.ts";
import { platformVersions } from "../components/core/versionMatrix.ts";
import { namespaceName } from "../components/platform/modelNamespace.ts";
import type { Environment } from "../stacks/environments/environment.ts";
import type { ClusterNeeds, System, SystemMode } from "./clusterNeeds.ts";

/** What stands behind the clusters of `local`; every other environment is what it declares. */
export type Stand =
  /** The embedded control plane, whose nodes are simulated: nothing is pulled there. */
  | "embedded"
  /** A cluster that nobody prepared: everything is installed, whatever is declared. */
  | "unprepared";

/** What one cluster of an environment must have. */
export function declaredNeeds({ platform }: Environment, spec: ClusterSpec, stand?: Stand): ClusterNeeds {
  const cloud = cloudOf(spec);
  const settings = cloud.settings(spec);
  const gpuPools = cloud.gpuPools(spec);
  const isForced = stand === "unprepared";
  const mode = (declared: object | undefined): SystemMode => {
    if (declared === undefined) return "none";
    return isForced || "install" in declared ? "install" : "adopt";
  };
  const systems: Record<System, SystemMode> = {
    istio: mode(platform.istio),
    prometheus: mode(platform.prometheus),
    argoRollouts: mode(platform.argoRollouts),
    // On GKE driver and device plugin are Google's.
    gpuOperator:
      cloud.brings.includes("gpuOperator") || Object.keys(gpuPools).length === 0
        ? "none"
        : mode(platform.gpuOperator ?? { install: {} }),
  };
  return {
    versions: installedVersions(systems),
    gpuPools,
    deviceLabels:
      systems.gpuOperator === "install"
        ? Object.fromEntries(Object.entries(gpuPools).map(([name, pool]) => [name, deviceLabels(cloud.rules, pool)]))
        : {},
    systems,
    modelNamespace: {
      name: namespaceName(platform.modelNamespace),
      mode: isForced || "create" in platform.modelNamespace ? "create" : "adopt",
    },
    storage: storageOf(cloud.needs(spec), systems.prometheus, settings?.storageClass),
    ingress: systems.istio === "install" ? (settings?.ingress ?? { kind: "loadBalancer" }) : { kind: "none" },
    networkPolicy: settings?.networkPolicy ?? "enforced",
    ...(settings?.registryMirror?.images === undefined ? {} : { registryMirror: settings.registryMirror.images }),
  };
}

/** The images that the models of an environment run, each once. */
export function modelImages({ models }: Environment): string[] {
  return [...new Set(Object.values(models).map(({ server }) => server.image))];
}

/** Of what is installed alone; an adopted system's version is its owner's. */
function installedVersions(systems: Readonly<Record<System, SystemMode>>): ClusterNeeds["versions"] {
  const { istio, argoRollouts, gpuOperator, kubePrometheusStack } = platformVersions();
  return {
    ...(systems.istio === "install" ? { istio } : {}),
    ...(systems.argoRollouts === "install" ? { argoRollouts } : {}),
    ...(systems.gpuOperator === "install" ? { gpuOperator } : {}),
    ...(systems.prometheus === "install" ? { kubePrometheusStack } : {}),
  };
}

/** Prometheus is the one that asks for a volume. On EKS the platform makes the class itself. */
function storageOf(needed: readonly string[], prometheus: SystemMode, storageClass?: string): ClusterNeeds["storage"] {
  if (prometheus !== "install" || needed.includes("ebsStorageClass")) return { kind: "none" };
  return storageClass === undefined ? { kind: "default" } : { kind: "class", name: storageClass };
}
