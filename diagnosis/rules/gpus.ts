import { type Rule, textRule } from "./rule.ts";

/** Why a pod cannot use its GPU. */
export const gpuRules: readonly Rule[] = [
  textRule({
    name: "driver-too-old",
    area: "GPU",
    title: "the node's driver is too old for the image",
    sign: "`unsatisfied condition: cuda>=…`, `CUDA driver version is insufficient for CUDA runtime version`",
    pattern:
      /(?:unsatisfied condition: (?<needs>\w+ ?>= ?[\d.]+)|CUDA driver version is insufficient for CUDA runtime version|forward compatibility was attempted on non supported HW)/,
    // Triton on a CPU says the second of these, too, and works.
    when: ({ model, embedded }) => model.gpus > 0 && !embedded,
    cause: ({ needs }) =>
      `The driver of the node is too old for the image${needs === undefined ? "" : `, which needs ${needs}`}.`,
    change: "Raise the driver of the pool, or take an older image of Triton: docs/versions.md says which go together.",
    final: true,
  }),
  textRule({
    name: "driver-missing",
    area: "GPU",
    title: "the node's driver is not loaded",
    sign: "`nvml error: driver not loaded`, `no CUDA-capable device is detected`, `could not select device driver`, `no healthy devices present`",
    pattern:
      /(?<why>nvml error: driver not loaded|driver not loaded|no CUDA-capable device is detected|could not select device driver|libnvidia-ml\.so\.1: cannot open shared object|no healthy devices present|no runtime for "nvidia" is configured)/,
    when: ({ model }) => model.gpus > 0,
    cause: ({ why }) => `The node's GPU cannot be used: ${why}.`,
    change:
      "Look at the GPU operator's pods on that node (driver, toolkit, device plugin); after an upgrade of the kernel the driver is built anew.",
    next: "<kubectl> get pods -A -o wide -l app.kubernetes.io/managed-by=gpu-operator",
  }),
  textRule({
    name: "gpu-instance-on-cpu",
    area: "GPU",
    title: "the model asks for a GPU that the pod has not",
    sign: "`has kind KIND_GPU but no GPUs are available`",
    pattern: /instance group (?<group>\S+) of model (?<model>\S+) has kind KIND_GPU but no GPUs are available/,
    cause: ({ model }) => `config.pbtxt of "${model}" asks for instances on a GPU, and the pod has none.`,
    change: "Declare server.gpu, or write KIND_AUTO or KIND_CPU in instance_group.",
    final: true,
  }),
  textRule({
    name: "gpu-memory",
    area: "GPU",
    title: "the GPU's memory is full",
    sign: "`CUDA out of memory`, `CUDA error: out of memory`, `Failed to allocate memory for requested buffer`, `cudaMalloc`",
    pattern:
      /(?<why>CUDA out of memory|out of memory|OutOfMemoryError|Failed to allocate memory for requested buffer|CUDNN_STATUS_ALLOC_FAILED|cudaErrorMemoryAllocation)/,
    when: ({ model }, { where }) => model.gpus > 0 && /^(log|termination)/.test(where),
    cause: ({ why }) => `The model does not fit into the memory of its GPU: ${why}.`,
    change:
      "Lower instance_group.count or max_batch_size, take a larger MIG profile or GPU, or look who else uses it (time slicing shares memory).",
  }),
  textRule({
    name: "plan-of-another-gpu",
    area: "GPU",
    title: "the TensorRT plan was made for another GPU or version",
    sign: "`engine plan file is not compatible`, `generated on an incompatible device`, `Serialization … Magic tag does not match`",
    pattern:
      /(?:engine plan file is (?:not compatible|generated on an incompatible device)|generated on an incompatible device|stdArchiveReader|Version tag does not match|Magic tag does not match|serializedEngineVersion)/,
    cause: () => "The TensorRT plan was made for another GPU, or by another version of TensorRT, than runs here.",
    change: "Build the plan on the GPU of the pool with the TensorRT of the image; declare one kind of GPU alone.",
    final: true,
  }),
];
