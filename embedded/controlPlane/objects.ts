import { stringify } from "yaml";
import type { KubernetesObject } from "../../engine/kubernetes/kubernetesObject.ts";
import { environmentFiles } from "../machine/paths.ts";
import { gatewayMetrics } from "../mesh/gatewayMetrics.ts";
import { meshConfig } from "../mesh/istiod.ts";
import { metricsService } from "../nodeAgent/kubelet/names.ts";
import type { Allocation } from "./allocation.ts";

/** The namespaces of the platform. Models run in `models`, whose label makes it part of the mesh. */
export function namespaceObjects(): KubernetesObject[] {
  return ["istio-system", "argo-rollouts", "serin-system", "models"].map((name) => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, ...(name === "models" ? { labels: { "istio-injection": "enabled" } } : {}) },
  }));
}

/**
 * istiod's mesh configuration, what the gateway counts, and the addresses of the gateway and Prometheus for the
 * platform.
 */
export function configurationObjects({ environment, host, ports }: Allocation): KubernetesObject[] {
  return [
    configMap("istio-system", "istio", { mesh: stringify(meshConfig), meshNetworks: "networks: {}" }),
    gatewayMetrics(),
    configMap("serin-system", "serin-embedded", {
      environment,
      prometheusAddress: `http://${host}:${ports.prometheus}`,
      gatewayBind: host,
      gatewayPort: String(ports.gateway),
      gatewayAddress: `${host}:${ports.gateway}`,
    }),
  ];
}

/** The model store: a PersistentVolume for the folder, and the PersistentVolumeClaim that it is reserved for. */
export function modelStoreObjects(dataDir: string): { volume: KubernetesObject; claim: KubernetesObject } {
  const store = { name: "model-store", namespace: "models" };
  const capacity = { storage: "1Ti" };
  const shared = { accessModes: ["ReadOnlyMany"], storageClassName: "" };
  return {
    volume: {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: store.name },
      spec: {
        ...shared,
        capacity,
        persistentVolumeReclaimPolicy: "Retain",
        claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", ...store },
        hostPath: { path: environmentFiles(dataDir).modelStore, type: "Directory" },
      },
    },
    claim: {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: store,
      spec: { ...shared, volumeName: store.name, resources: { requests: capacity } },
    },
  };
}

/**
 * The API `metrics.k8s.io`, which the API server passes on to the node agent. The Service has an address instead of a
 * name, which the API server takes as it takes a name.
 */
export function metricsObjects({ host, ports }: Pick<Allocation, "host" | "ports">, authority: string) {
  const [group, version] = ["metrics.k8s.io", "v1beta1"];
  const service: KubernetesObject = {
    apiVersion: "v1",
    kind: "Service",
    metadata: metricsService,
    spec: { type: "ExternalName", externalName: host, ports: [{ name: "https", port: ports.kubelet }] },
  };
  const registration: KubernetesObject = {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: `${version}.${group}` },
    spec: {
      ...{ group, version, groupPriorityMinimum: 100, versionPriority: 100 },
      service: { ...metricsService, port: ports.kubelet },
      caBundle: Buffer.from(authority).toString("base64"),
    },
  };
  return [service, registration];
}

/**
 * Two nodes with the labels and taints of cloud nodes. Both have the node agent for a kubelet. Their CPUs, memory and
 * GPUs are simulated; the scheduler places pods on them as in any cluster.
 */
export function nodeObjects({ host, ports }: Pick<Allocation, "host" | "ports">): KubernetesObject[] {
  const kubelet = {
    addresses: [{ type: "InternalIP", address: host }],
    daemonEndpoints: { kubeletEndpoint: { Port: ports.kubelet } },
  };
  return [
    node(
      kubelet,
      "cpu-1",
      { cpu: "64", memory: "256Gi", pods: "110" },
      { "node.kubernetes.io/instance-type": "m7i.16xlarge" },
    ),
    node(
      kubelet,
      "gpu-1",
      { cpu: "192", memory: "768Gi", pods: "110", "nvidia.com/gpu": "8" },
      {
        "node.kubernetes.io/instance-type": "g6.48xlarge",
        "nvidia.com/gpu.present": "true",
        "nvidia.com/gpu.product": "NVIDIA-L4",
        "nvidia.com/gpu.count": "8",
        "nvidia.com/gpu.memory": "23034",
      },
      [{ key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" }],
    ),
  ];
}

/** The object without its `spec`, for an apply to the status subresource. */
export function withoutSpec({ spec: _, ...object }: KubernetesObject): KubernetesObject {
  return object as KubernetesObject;
}

function node(
  kubelet: object,
  name: string,
  capacity: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
  taints?: readonly object[],
): KubernetesObject {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/region": "local",
        "topology.kubernetes.io/zone": "local-a",
        "serin.dev/simulated": "true",
        ...labels,
      },
    },
    ...(taints === undefined ? {} : { spec: { taints } }),
    status: { capacity, allocatable: capacity, ...kubelet },
  };
}

function configMap(namespace: string, name: string, data: Readonly<Record<string, string>>): KubernetesObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data };
}
