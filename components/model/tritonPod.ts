import type { IContainer } from "kubernetes-models/v1/Container";
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import { kubernetesBytes, milliseconds, seconds } from "../core/quantity.ts";
import { latencyEdges } from "./analysis.ts";
import type { Model } from "./model.ts";
import { gpuProducts, ports, type TritonServer } from "./triton.ts";

/** Where the repository of a version is, as Triton's `--model-repository`. */
export function repositoryUrl(name: string, { repository, version }: Model): string {
  return "pvc" in repository ? `${mountPath}/${repository.path ?? name}/${version}` : `${repository.s3}/${version}`;
}

const mountPath = "/models";

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
  spec: IPodSpec;
}

/** The pod template of a version: one version, one template, so that a release is never an in-place reload. */
export function tritonPod(name: string, model: Model, serviceAccountName: string): PodTemplate {
  const { server, repository } = model;
  return {
    metadata: {
      labels: podLabels(name, model.version),
      annotations: {
        // Istio's default edges jump from 100 to 250 ms, so a p99 between them would be an interpolation. Bad JSON here is only a
        // warning in the proxy's log: istio `pkg/bootstrap/config.go`.
        "sidecar.istio.io/statsHistogramBuckets": JSON.stringify({
          istiocustom: latencyEdges(milliseconds(model.slo.p99)),
        }),
        // Prometheus has no mesh identity: with strict mTLS it reaches the metrics port only around the sidecar.
        "traffic.sidecar.istio.io/excludeInboundPorts": String(ports.metrics),
        "proxy.istio.io/config": JSON.stringify({ holdApplicationUntilProxyStarts: true }),
      },
    },
    spec: {
      serviceAccountName,
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: drainSeconds + exitSeconds + 5,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 1000,
        fsGroup: 1000,
        seccompProfile: { type: "RuntimeDefault" },
      },
      ...(server.gpu === undefined
        ? {}
        : {
            nodeSelector: { "nvidia.com/gpu.product": gpuProducts[server.gpu.kind] },
            tolerations: [{ key: "nvidia.com/gpu", operator: "Equal", value: "present", effect: "NoSchedule" }],
          }),
      containers: [container(name, model)],
      volumes: [
        { name: "shm", emptyDir: { medium: "Memory", sizeLimit: kubernetesBytes(server.sharedMemory) } },
        { name: "tmp", emptyDir: {} },
        ...("pvc" in repository
          ? [{ name: "models", persistentVolumeClaim: { claimName: repository.pvc, readOnly: true } }]
          : []),
      ],
    },
  };
}

function container(name: string, model: Model): IContainer {
  const { server, repository } = model;
  const probe = { periodSeconds: probeSeconds, timeoutSeconds: 3 };
  return {
    name: "triton",
    image: server.image,
    args: [
      "tritonserver",
      `--model-repository=${repositoryUrl(name, model)}`,
      `--http-port=${ports.http}`,
      `--grpc-port=${ports.grpc}`,
      `--metrics-port=${ports.metrics}`,
      "--allow-metrics=true",
      `--exit-timeout-secs=${exitSeconds}`,
      ...logFlags(server.logLevel),
    ],
    ...("s3" in repository ? { env: [{ name: "AWS_REGION", value: repository.region }] } : {}),
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
      ...("pvc" in repository ? [{ name: "models", mountPath, readOnly: true }] : []),
    ],
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
