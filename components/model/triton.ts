import { type GpuModel, gpuFacts, gpus, type MigProfile } from "../cluster/machines/gpus.ts";
import { type Problem, unknownChoice } from "../core/problem.ts";
import { type Bytes, byteCount, bytesProblems, type Duration, durationProblems } from "../core/quantity.ts";
import { withDefaults } from "../core/withDefaults.ts";

/** GPUs of one pod. */
export interface GpuRequest {
  /**
   * The model of GPU, or any of several: clouds differ in what they offer, and an ONNX model does not mind. A TensorRT
   * plan runs only on the model it was built for.
   */
  readonly kind: GpuModel | readonly GpuModel[];
  /** Whole GPUs, or shares of one kind, at least 1. */
  readonly count: number;
  /**
   * A share of a GPU instead of a whole one: a MIG profile, or a turn on a GPU that others use too.
   * @default whole GPUs
   */
  readonly slice?: MigProfile | "timeSlicing" | "mps";
}

const backends = ["python", "onnxruntime", "tensorrt", "pytorch", "tensorrtllm", "vllm", "fil"] as const;

/** NVIDIA Triton Inference Server in one pod. Changing anything here starts a canary. */
export interface TritonServer {
  /** The Triton backend the model is written for; its `config.pbtxt` must say the same. */
  readonly backend: (typeof backends)[number];
  /** GPUs of one pod. @default none: the model runs on CPU. */
  readonly gpu?: GpuRequest;
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
  /** The least serious messages that Triton logs. Changing it starts a release. */
  readonly logLevel: "ERROR" | "WARNING" | "INFO" | "VERBOSE";
}

/**
 * Triton 26.07 (2.71.0) for linux/amd64.
 * Digest: `MODULE.bazel` of intrinsic-ai/intrinsic-core at tag 20260922.0, which pins the same image.
 */
const image = "nvcr.io/nvidia/tritonserver@sha256:551599c0812bb706121410a71abda07f9920d25e6c66edf1ec07a375e49f5f90";

/** A registry with its port, the path in it, a tag if wanted, and the digest. */
const imageForm =
  /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:\w[\w.-]{0,127})?@sha256:[0-9a-f]{64}$/;

/** Triton, with defaults for what is not given. */
export function triton(options: Pick<TritonServer, "backend"> & Partial<TritonServer>): TritonServer {
  const defaults: Omit<TritonServer, "backend"> = {
    cpu: "1",
    memory: "4GiB",
    // The Python backend alone takes 1 MiB per instance at start and grows; 64 MiB, the container default, is soon
    // full.
    sharedMemory: "1GiB",
    // The start-up probe of Triton's own on-prem chart: 30 tries, 10 s apart.
    startup: "5m",
    image,
    logLevel: "INFO",
  };
  return withDefaults(defaults, options);
}

/** Everything wrong with a server, by the path below `server`. */
export function tritonProblems(server: TritonServer): Problem[] {
  const problems = [
    ...bytesProblems("memory", server.memory),
    ...bytesProblems("sharedMemory", server.sharedMemory),
    ...durationProblems("startup", server.startup, { min: "1s", max: "2h" }),
  ];
  if (!backends.includes(server.backend)) problems.push(unknownChoice("backend", server.backend, backends));
  if (server.gpu !== undefined) {
    problems.push(...gpuProblems(server.gpu));
  }
  // Kubernetes knows no less than a thousandth of a core.
  if (!/^(\d+m|\d+(\.\d{1,3})?)$/.test(server.cpu)) {
    problems.push({
      path: "cpu",
      reason: `"${server.cpu}" is not an amount of CPU.`,
      fix: 'Write cores or thousandths, for example "2" or "500m".',
    });
  } else if (cores(server.cpu) === 0) {
    problems.push({
      path: "cpu",
      reason: `"${server.cpu}" is nothing.`,
      fix: 'Write more than 0, for example "500m".',
    });
  }
  const amounts = [server.memory, server.sharedMemory].map((amount) => bytesProblems("", amount).length === 0);
  if (amounts.every(Boolean) && byteCount(server.sharedMemory) > byteCount(server.memory)) {
    problems.push({
      path: "sharedMemory",
      reason: `"${server.sharedMemory}" is above memory ("${server.memory}"), which shared memory is part of.`,
      fix: "Lower sharedMemory or raise memory.",
    });
  }
  if (!server.image.includes("@sha256:")) {
    problems.push({
      path: "image",
      reason: `"${server.image}" is not pinned by digest, so two pods may run two images.`,
      fix: "Write name@sha256:<64 hex digits>.",
    });
  } else if (!imageForm.test(server.image)) {
    problems.push({
      path: "image",
      // It is not repeated: what stands before an "@" may be a password.
      reason: "it is not the name of an image and its digest: registry, port and path in lower case, without a scheme.",
      fix: "Write name@sha256:<64 hex digits>; credentials belong into a pull secret of the nodes.",
    });
  }
  return problems;
}

/** An amount of CPU in cores: `"500m"` is 0.5. */
export function cores(cpu: string): number {
  return cpu.endsWith("m") ? Number(cpu.slice(0, -1)) / 1_000 : Number(cpu);
}

/** The models of GPU a request accepts. */
export function gpuKinds(kind: GpuRequest["kind"]): readonly GpuModel[] {
  return typeof kind === "string" ? [kind] : kind;
}

function gpuProblems({ kind, count, slice }: GpuRequest): Problem[] {
  const kinds = gpuKinds(kind);
  const problems = kinds
    .filter((one) => !Object.hasOwn(gpus, one))
    .map((one) => unknownChoice("gpu.kind", one, Object.keys(gpus)));
  if (kinds.length === 0) {
    problems.push({ path: "gpu.kind", reason: "the list is empty.", fix: "Name at least one model of GPU." });
  }
  if (problems.length === 0 && slice !== undefined && slice !== "timeSlicing" && slice !== "mps") {
    const profiles = kinds.flatMap((one) => Object.keys(gpuFacts(one).mig ?? {}));
    if (!profiles.includes(slice))
      problems.push(unknownChoice("gpu.slice", slice, [...profiles, "timeSlicing", "mps"]));
  }
  if (!Number.isInteger(count) || count < 1) {
    problems.push({
      path: "gpu.count",
      reason: `${count} is not a whole number of at least 1.`,
      fix: "Leave gpu out to run on CPU.",
    });
  } else if (slice !== undefined && count > 1) {
    problems.push({
      path: "gpu.count",
      reason: `${count} shares of a GPU are not more of it: they may lie on one GPU, and a time slice has no size.`,
      fix: "Write 1, and a larger MIG profile or a whole GPU for more.",
    });
  }
  return problems;
}

/** Triton's own defaults; the Service has the same. */
export const ports = { http: 8000, grpc: 8001, metrics: 8002 } as const;
