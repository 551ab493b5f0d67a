import type { IContainer } from "kubernetes-models/v1/Container";
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import { type Problem, unknownChoice } from "../core/problem.ts";
import {
  type Bytes,
  bytesProblems,
  type Duration,
  durationProblems,
  kubernetesBytes,
  milliseconds,
  seconds,
} from "../core/quantity.ts";
import { latencyEdges } from "./analysis.ts";
import type { Model } from "./model.ts";

/** GPUs by the name NVIDIA sells them, and the label GPU feature discovery gives their nodes (`nvidia.com/gpu.product`). */
const gpuProducts = {
  T4: "Tesla-T4",
  A10: "NVIDIA-A10",
  A10G: "NVIDIA-A10G",
  A100: "NVIDIA-A100-SXM4-80GB",
  L4: "NVIDIA-L4",
  L40S: "NVIDIA-L40S",
  H100: "NVIDIA-H100-80GB-HBM3",
  H200: "NVIDIA-H200",
} as const;

export type GpuKind = keyof typeof gpuProducts;

const backends = ["python", "onnxruntime", "tensorrt", "pytorch", "tensorrtllm", "vllm", "fil"] as const;

/** NVIDIA Triton Inference Server in one pod. Changing anything here starts a canary. */
export interface TritonServer {
  /** The Triton backend the model is written for; its `config.pbtxt` must say the same. */
  readonly backend: (typeof backends)[number];
  /** GPUs of one pod. @default none: the model runs on CPU. */
  readonly gpu?: { readonly kind: GpuKind; readonly count: number };
  /** Cores requested, as Kubernetes writes them. */
  readonly cpu: string;
  /** Memory requested and the limit, shared memory included. */
  readonly memory: Bytes;
  /** Memory-backed `/dev/shm`, through which Triton and the processes of its Python backend exchange tensors. */
  readonly sharedMemory: Bytes;
  /** Longest time from the start of a container until every model is loaded and warm. */
  readonly startup: Duration;
  /** Image by digest. */
  readonly image: string;
  readonly logLevel: "ERROR" | "WARNING" | "INFO" | "VERBOSE";
}

/**
 * Triton 26.07 (2.71.0) for linux/amd64.
 * Digest: `MODULE.bazel` of intrinsic-ai/intrinsic-core at tag 20260922.0, which pins the same image.
 */
const image = "nvcr.io/nvidia/tritonserver@sha256:551599c0812bb706121410a71abda07f9920d25e6c66edf1ec07a375e49f5f90";

/** Triton, with defaults for what is not given. */
export function triton(options: Pick<TritonServer, "backend"> & Partial<TritonServer>): TritonServer {
  return {
    cpu: "1",
    memory: "4GiB",
    // The Python backend alone takes 1 MiB per instance at start and grows; 64 MiB, the container default, is soon full.
    sharedMemory: "1GiB",
    // The start-up probe of Triton's own on-prem chart: 30 tries, 10 s apart.
    startup: "5m",
    image,
    logLevel: "INFO",
    ...options,
  };
}

export function tritonProblems(server: TritonServer): Problem[] {
  const problems = [
    ...bytesProblems("memory", server.memory),
    ...bytesProblems("sharedMemory", server.sharedMemory),
    ...durationProblems("startup", server.startup, { min: "1s", max: "2h" }),
  ];
  if (!backends.includes(server.backend)) problems.push(unknownChoice("backend", server.backend, backends));
  if (server.gpu !== undefined) {
    if (!(server.gpu.kind in gpuProducts))
      problems.push(unknownChoice("gpu.kind", server.gpu.kind, Object.keys(gpuProducts)));
    if (!Number.isInteger(server.gpu.count) || server.gpu.count < 1) {
      problems.push({
        path: "gpu.count",
        reason: `${server.gpu.count} is not a whole number of at least 1.`,
        fix: "Leave gpu out to run on CPU.",
      });
    }
  }
  if (!/^(\d+m|\d+(\.\d+)?)$/.test(server.cpu)) {
    problems.push({
      path: "cpu",
      reason: `"${server.cpu}" is not an amount of CPU.`,
      fix: 'Write cores or thousandths, for example "2" or "500m".',
    });
  }
  if (!/@sha256:[0-9a-f]{64}$/.test(server.image)) {
    problems.push({
      path: "image",
      reason: `"${server.image}" is not pinned by digest, so two pods may run two images.`,
      fix: "Write name@sha256:<64 hex digits>.",
    });
  }
  return problems;
}

/** Where the repository of a version is, as Triton's `--model-repository`. */
export function repositoryUrl(name: string, { repository, version }: Model): string {
  return "pvc" in repository ? `${mountPath}/${repository.path ?? name}/${version}` : `${repository.s3}/${version}`;
}

const mountPath = "/models";
/** Triton's own defaults; the Service has the same. */
export const ports = { http: 8000, grpc: 8001, metrics: 8002 } as const;

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
