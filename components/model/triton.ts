import { type Problem, unknownChoice } from "../core/problem.ts";
import { type Bytes, bytesProblems, type Duration, durationProblems } from "../core/quantity.ts";

/** GPUs by the name NVIDIA sells them, and the label GPU feature discovery gives their nodes (`nvidia.com/gpu.product`). */
export const gpuProducts = {
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

/** Triton's own defaults; the Service has the same. */
export const ports = { http: 8000, grpc: 8001, metrics: 8002 } as const;
