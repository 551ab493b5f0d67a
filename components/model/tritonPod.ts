import * as pulumi from "@pulumi/pulumi";
import type { IContainer } from "kubernetes-models/v1/Container";
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import type { IdentityBinding } from "../cluster/workloadIdentity.ts";
import type { DeepInput } from "../core/customResource.ts";
import { kubernetesBytes, milliseconds, seconds } from "../core/quantity.ts";
import { mirroredImage } from "../core/registryMirror.ts";
import { type Artifact, artifactContainer } from "./artifact.ts";
import { downloadContainer, rcloneImage } from "./artifactDownload.ts";
import { fittingPools, type HostCluster, locate, type RepositoryLocation } from "./hostCluster.ts";
import { latencyEdges } from "./latencyEdges.ts";
import type { Model } from "./model.ts";
import { type GpuRequest, ports, type TritonServer } from "./triton.ts";

const mountPath = "/models";
/** The keys of a store that asks for them, as the AWS SDKs read them. */
const credentialsPath = "/var/run/secrets/serin/model-store";

/** Time for endpoints to forget the pod before Triton stops taking requests. */
const drainSeconds = 5;
/** Triton's own limit for requests in flight (`--exit-timeout-secs`). */
const exitSeconds = 30;
const probeSeconds = 5;

/** The labels of every pod of a model; `version` is the one Istio puts in its metrics. */
export function podLabels(name: string, version: string): Record<string, string> {
  return {
    app: name,
    "app.kubernetes.io/name": name,
    version,
    "serin.dev/server": "triton",
    "sidecar.istio.io/inject": "true",
  };
}

interface PodTemplate {
  metadata: { labels: Record<string, string>; annotations: Record<string, string> };
  spec: DeepInput<IPodSpec>;
}

/** The Secret with the keys of a model store that asks for them. */
export function storeSecretName(name: string): string {
  return `${name}-model-store`;
}

/** The pod template of a version: one version, one template, so that a release is never an in-place reload. */
export function tritonPod(name: string, model: Model, host: HostCluster): PodTemplate {
  const { server } = model;
  const location = locate(name, model.repository, model.version, host.modelStore);
  // What was checked is what Triton loads: files of an object store are brought into the pod first.
  const isDownloaded = model.artifact !== undefined && "url" in location;
  return {
    metadata: {
      labels: { ...podLabels(name, model.version), ...host.identity?.podLabels },
      annotations: {
        // Istio's default edges jump from 100 to 250 ms, so a p99 between them would be an interpolation. Bad JSON here
        // is only a warning in the proxy's log: istio `pkg/bootstrap/config.go`.
        "sidecar.istio.io/statsHistogramBuckets": JSON.stringify({
          istiocustom: latencyEdges(milliseconds(model.slo.p99)),
        }),
        // Prometheus has no mesh identity: with strict mTLS it reaches the metrics port only around the sidecar.
        "traffic.sidecar.istio.io/excludeInboundPorts": String(ports.metrics),
        // The injector would add the annotation for scraping, by which Istio's sample monitor and jobs for annotated
        // pods read the proxy beside our PodMonitor: each request would count twice.
        "prometheus.istio.io/merge-metrics": "false",
        "proxy.istio.io/config": JSON.stringify({ holdApplicationUntilProxyStarts: true }),
      },
    },
    spec: {
      serviceAccountName: name,
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: drainSeconds + exitSeconds + 5,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 1000,
        fsGroup: 1000,
        seccompProfile: { type: "RuntimeDefault" },
      },
      ...(server.gpu === undefined ? {} : onGpuNodes(server.gpu, host)),
      ...(model.spread === "anywhere" ? {} : { topologySpreadConstraints: apart(name, host) }),
      ...(model.artifact === undefined
        ? {}
        : { initContainers: initContainers(model, model.artifact, location, host) }),
      containers: [container(model, location, host)],
      volumes: [
        { name: "shm", emptyDir: { medium: "Memory", sizeLimit: kubernetesBytes(server.sharedMemory) } },
        { name: "tmp", emptyDir: {} },
        ...("claim" in location
          ? [{ name: "models", persistentVolumeClaim: { claimName: location.claim, readOnly: true } }]
          : isDownloaded
            ? [{ name: "models", emptyDir: {} }]
            : []),
        ...(host.identity?.credentials === undefined
          ? []
          : [{ name: "model-store", projected: { sources: [{ secret: { name: storeSecretName(name) } }] } }]),
      ],
    },
  };
}

/**
 * Pods of one version apart from each other, where that is possible: GPUs are scarce, and a pod beside another is
 * better than none. It is the same for one replica as for several, so that another number of them restarts nothing.
 *
 * Each version is counted by itself. A canary's pods go where they are best once they are all there is, not where the
 * pods of the version before happen to be missing.
 *
 * A zone is asked for only where all nodes tell theirs: the scheduler leaves a node that lacks one of the labels out of
 * the whole count, so that nothing would be spread (kubernetes `pkg/scheduler/framework/plugins/podtopologyspread`).
 */
function apart(name: string, { zones }: HostCluster): NonNullable<IPodSpec["topologySpreadConstraints"]> {
  const keys = [...(zones ? ["topology.kubernetes.io/zone"] : []), "kubernetes.io/hostname"];
  return keys.map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: { app: name } },
    // The Rollouts controller gives each version's pods a value of their own.
    matchLabelKeys: ["rollouts-pod-template-hash"],
  }));
}

/** One term for each kind of fitting node: the scheduler takes any of them. */
function onGpuNodes(
  request: GpuRequest,
  { gpuPools }: HostCluster,
): Pick<IPodSpec, "affinity" | "tolerations" | "hostIPC"> {
  const pools = fittingPools(request, gpuPools).map(([, pool]) => pool);
  const distinct = <T>(values: readonly T[]) => [
    ...new Map(values.map((value) => [JSON.stringify(value), value])).values(),
  ];
  const nodeSelectorTerms = distinct(pools.map(({ nodeSelector }) => nodeSelector)).map((selector) => ({
    matchExpressions: Object.entries(selector).map(([key, value]) => ({
      key,
      operator: "In" as const,
      values: [value],
    })),
  }));
  return {
    ...(pools.some(({ hostIPC }) => hostIPC) ? { hostIPC: true } : {}),
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
    tolerations: distinct(pools.flatMap(({ taints }) => taints)).map((taint) => ({
      operator: "Equal" as const,
      ...taint,
    })),
  };
}

function container(
  model: Model,
  location: RepositoryLocation,
  { identity, registryMirror }: HostCluster,
): DeepInput<IContainer> {
  const { server } = model;
  const reads = "url" in location && model.artifact === undefined;
  const probe = { periodSeconds: probeSeconds, timeoutSeconds: 3 };
  return {
    name: "triton",
    image: mirroredImage(registryMirror, server.image),
    args: [
      "tritonserver",
      !reads
        ? `--model-repository=${folderOf(location)}`
        : typeof location.url === "string"
          ? `--model-repository=${location.url}`
          : pulumi.interpolate`--model-repository=${location.url}`,
      `--http-port=${ports.http}`,
      `--grpc-port=${ports.grpc}`,
      `--metrics-port=${ports.metrics}`,
      "--allow-metrics=true",
      `--exit-timeout-secs=${exitSeconds}`,
      ...logFlags(server.logLevel),
    ],
    ...(reads || "claim" in location ? environment(location, identity) : {}),
    ports: Object.entries(ports).map(([portName, containerPort]) => ({ name: portName, containerPort })),
    startupProbe: {
      httpGet: { path: "/v2/health/ready", port: "http" },
      ...probe,
      failureThreshold: Math.ceil(seconds(server.startup) / probeSeconds),
    },
    readinessProbe: { httpGet: { path: "/v2/health/ready", port: "http" }, ...probe, failureThreshold: 2 },
    livenessProbe: { httpGet: { path: "/v2/health/live", port: "http" }, ...probe, failureThreshold: 6 },
    lifecycle: { preStop: { exec: { command: ["sleep", String(drainSeconds)] } } },
    resources: {
      requests: { cpu: server.cpu, memory: kubernetesBytes(server.memory) },
      limits: {
        memory: kubernetesBytes(server.memory),
        // An extended resource has one number; Kubernetes takes the request from the limit.
        ...(server.gpu === undefined ? {} : { "nvidia.com/gpu": String(server.gpu.count) }),
      },
    },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    volumeMounts: [
      { name: "shm", mountPath: "/dev/shm" },
      { name: "tmp", mountPath: "/tmp" },
      ...(reads ? [] : [{ name: "models", mountPath, readOnly: true }]),
      ...(identity?.credentials === undefined || !reads ? [] : [credentialsMount]),
    ],
  };
}

const credentialsMount = { name: "model-store", mountPath: credentialsPath, readOnly: true };

/** The folder of a version in its pods, where it is on a volume or was brought from an object store. */
function folderOf(location: RepositoryLocation): string {
  return "claim" in location ? `${mountPath}/${location.path}` : mountPath;
}

/**
 * What brings the files of the version into the pod, where they are in an object store, and what ends with an error
 * where they are not those declared. The kubelet then starts no Triton.
 */
function initContainers(
  { server }: Model,
  artifact: Artifact,
  location: RepositoryLocation,
  { identity, registryMirror }: HostCluster,
): DeepInput<IContainer>[] {
  // Not more than the pod takes anyway: init containers end before the others start.
  const resources = {
    requests: { cpu: server.cpu, memory: kubernetesBytes(server.memory) },
    limits: { memory: kubernetesBytes(server.memory) },
  };
  return [
    ...("url" in location
      ? [
          downloadContainer(location.url, mountPath, {
            image: mirroredImage(registryMirror, rcloneImage),
            resources,
            env: variables(location, identity),
            volumeMounts: [
              { name: "models", mountPath },
              ...(identity?.credentials === undefined ? [] : [credentialsMount]),
            ],
          }),
        ]
      : []),
    artifactContainer(artifact, folderOf(location), {
      image: mirroredImage(registryMirror, server.image),
      resources,
      volumeMounts: [{ name: "models", mountPath, readOnly: true }],
    }),
  ];
}

/** A pod that reads from a volume, or from a store that needs no words, has no environment of its own. */
function environment(location: RepositoryLocation, identity: IdentityBinding | undefined): Pick<IContainer, "env"> {
  const env = Object.entries(variables(location, identity)).map(([name, value]) => ({ name, value }));
  return env.length === 0 ? {} : { env };
}

/** What a client of the store reads from the environment. */
function variables(location: RepositoryLocation, identity: IdentityBinding | undefined): Record<string, string> {
  return {
    ...("url" in location ? location.env : {}),
    ...(identity?.credentials === undefined
      ? {}
      : {
          AWS_SHARED_CREDENTIALS_FILE: `${credentialsPath}/credentials`,
          // A store of one's own is no cloud: there is no metadata service to wait for.
          AWS_EC2_METADATA_DISABLED: "true",
        }),
  };
}

function logFlags(level: TritonServer["logLevel"]): string[] {
  const order = ["ERROR", "WARNING", "INFO"] as const;
  const verbose = level === "VERBOSE";
  const upTo = verbose ? order.length - 1 : order.indexOf(level);
  return [
    ...order.map((candidate, index) => `--log-${candidate.toLowerCase()}=${index <= upTo}`),
    `--log-verbose=${verbose ? 1 : 0}`,
  ];
}
