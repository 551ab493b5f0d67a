import { stringify } from "yaml";
import type { GpuNodeRules } from "../cluster/cloudRules.ts";
import { sharingConfigName } from "../cluster/deviceLabels.ts";
import { type GpuPool, gpuTaint, type Sharing } from "../cluster/gpuPool.ts";
import { type AtSite, proxyEnvironment, type SiteSettings } from "../cluster/onPrem/siteSettings.ts";
import { mirroredPath } from "../core/registryMirror.ts";
import { defaultOperatorDriver } from "../core/versions/drivers.ts";
import { driverPackageMaps, type OperatorMap, operatorMap } from "./operatorMaps.ts";

/** What the operator must know of the GPU nodes of a cluster. */
export interface OperatorCluster {
  /** What the GPU nodes are like where the cluster runs. */
  readonly nodes: GpuNodeRules;
  /**
   * As the cluster publishes them; their nodes carry `deviceLabels`. Another sharing restarts the device plugin, which
   * leaves running pods alone; another MIG profile evicts nobody, so nodes are drained before. Another driver version
   * replaces the driver one node at a time, and evicts the GPU pods of each.
   */
  readonly pools: Readonly<Record<string, Pick<GpuPool, "sharing" | "driver" | "taints">>>;
}

/** What the chart is installed with. What is not written is the chart's default, which is meant. */
export function gpuOperatorValues({ nodes, pools, settings = {} }: OperatorCluster & AtSite): Record<string, unknown> {
  const all = Object.values(pools);
  const owned = all.filter(({ driver }) => driver.owner === "operator");
  const tolerations = tolerationsOf(nodes, all);
  const config = devicePluginConfig(all.map(({ sharing }) => sharing));
  const { registryMirror, proxy, runtime = "containerd" } = settings;
  const from = (path: string, registry = "nvcr.io") => {
    const repository = mirroredPath(registryMirror, registry, path);
    return repository === undefined ? {} : { repository };
  };
  const { repositories, authorities } = driverPackageMaps(settings);
  const discovery = from("nfd/node-feature-discovery", "registry.k8s.io");

  return {
    operator: {
      ...from("nvidia"),
      // The definitions are objects of the rendered chart; the hook that upgrades them never runs.
      upgradeCRD: false,
      ...(nodes.runtimeClass !== undefined && owned.length < all.length ? { runtimeClass: nodes.runtimeClass } : {}),
    },
    validator: from("nvidia"),
    cdi: { enabled: true },
    daemonsets: { tolerations },
    driver:
      owned.length === 0
        ? // The operator's own pod names the manager, whether the driver is its or not.
          { enabled: false, ...(registryMirror === undefined ? {} : { manager: from("nvidia/cloud-native") }) }
        : {
            enabled: true,
            version: driverVersion(owned),
            env: proxy === undefined ? [] : proxyEnvironment(proxy),
            ...(repositories === undefined ? {} : { repoConfig: { configMapName: repositories.name } }),
            ...(authorities === undefined ? {} : { certConfig: { name: authorities.name } }),
            ...from("nvidia"),
            // Every pod of a model has emptyDirs. Without leave to delete them the first node would stay cordoned as
            // `upgrade-failed`, and no other would follow. The upgrade controller evicts before a new driver, and the
            // driver's own init container after a crash of the old one (gpu-operator #367). An hour, as on GKE: a
            // model's PodDisruptionBudget lets one pod go at a time, and the next when its replacement has loaded.
            upgradePolicy: { gpuPodDeletion: { deleteEmptyDir: true, timeoutSeconds: 3600 } },
            manager: { env: [{ name: "DRAIN_DELETE_EMPTYDIR_DATA", value: "true" }], ...from("nvidia/cloud-native") },
          },
    // A driver that was installed with the node's image may come without the toolkit; a cloud's never does.
    toolkit: all.some(({ driver }) => driver.owner !== "cloud")
      ? { enabled: true, env: runtimeVariables[runtime], ...from("nvidia/k8s") }
      : { enabled: false },
    devicePlugin: { ...(config === undefined ? {} : { config }), ...from("nvidia") },
    gfd: from("nvidia"),
    mig: { strategy: "single" },
    // In a virtual machine a GPU changes its MIG mode only with a reboot: NVIDIA/cloud-native-docs
    // `gpu-operator/gpu-operator-mig.rst`.
    migManager: {
      env: nodes.virtualMachines ? [{ name: "WITH_REBOOT", value: "true" }] : [],
      ...from("nvidia/cloud-native"),
    },
    dcgmExporter: { serviceMonitor: { enabled: true }, ...from("nvidia/k8s") },
    "node-feature-discovery": {
      // A hook, which `helm.v4.Chart` leaves out: labels that were discovered stay on the nodes.
      postDeleteCleanup: false,
      worker: { tolerations: [controlPlane, ...tolerations] },
      ...("repository" in discovery ? { image: discovery } : {}),
    },
  };
}

const controlPlane = { key: "node-role.kubernetes.io/control-plane", operator: "Exists", effect: "NoSchedule" };

/**
 * Every operand runs on every pool. The spot taint is tolerated before there is a spot pool, so that adding one
 * restarts nothing.
 */
function tolerationsOf(
  { spotTaints }: GpuNodeRules,
  pools: readonly Pick<GpuPool, "taints">[],
): Record<string, string>[] {
  const taints = [gpuTaint, ...spotTaints, ...pools.flatMap((pool) => pool.taints)];
  const unique = new Map(taints.map(({ key, effect }) => [`${key}:${effect}`, { key, operator: "Exists", effect }]));
  return [...unique.values()];
}

/** `validateGpuOperator` has seen to it that there is one. */
function driverVersion([first]: readonly Pick<GpuPool, "driver">[]): string {
  return (first?.driver.owner === "operator" ? first.driver.version : undefined) ?? defaultOperatorDriver;
}

/**
 * The device plugin's configurations by name; a node picks one by label, and without the label shares nothing. The
 * operator does not watch the ConfigMap (NVIDIA/cloud-native-docs `gpu-operator/gpu-sharing.rst`).
 */
function devicePluginConfig(sharings: readonly Sharing[]): (OperatorMap & { readonly create: true }) | undefined {
  const data = Object.fromEntries(
    sharings.flatMap((sharing) =>
      sharing.kind === "timeSlicing" || sharing.kind === "mps"
        ? [[sharingConfigName(sharing), stringify(pluginSharing(sharing))] as const]
        : [],
    ),
  );
  return Object.keys(data).length === 0 ? undefined : { create: true, ...operatorMap("device-plugin", data) };
}

/**
 * NVIDIA/k8s-device-plugin `api/config/v1`. Two shares of a GPU are no more than one, so asking for two fails at once.
 */
function pluginSharing(sharing: Extract<Sharing, { kind: "timeSlicing" | "mps" }>): Record<string, unknown> {
  const replicated = (replicas: number) => ({
    failRequestsGreaterThanOne: true,
    resources: [{ name: "nvidia.com/gpu", replicas }],
  });
  return {
    version: "v1",
    sharing:
      sharing.kind === "mps" ? { mps: replicated(sharing.clients) } : { timeSlicing: replicated(sharing.replicas) },
  };
}

/**
 * Where the toolkit finds containerd. On k3s and RKE2 the socket alone: with `CONTAINERD_CONFIG`, too, containerd does
 * not start after a reboot (gpu-operator #992).
 */
const runtimeVariables: Readonly<
  Record<NonNullable<SiteSettings["runtime"]>, readonly { name: string; value: string }[]>
> = {
  containerd: [],
  k3s: [{ name: "CONTAINERD_SOCKET", value: "/run/k3s/containerd/containerd.sock" }],
  rke2: [{ name: "CONTAINERD_SOCKET", value: "/run/k3s/containerd/containerd.sock" }],
};
