/** One release of a Triton image, and what it was built with. */
export interface TritonContainer {
  /** NVIDIA's number of the release, year and month: `26.07`. */
  readonly container: string;
  /** The full version of CUDA in the image: `13.3.0`. Its major version decides which drivers and GPUs run it. */
  readonly cuda: string;
  /** The driver that NVIDIA tested the image with. Older drivers run it, too, down to the branch in `cudaMajors`. */
  readonly driver: string;
}

type Flavour = keyof typeof tritonContainers;

/**
 * The releases of each image, oldest first. Source: triton-inference-server/server `docs/introduction/compatibility.md`
 * at e1db8a60. The image without an LLM engine (`py3`) is in none of its tables; it has the same base as the vLLM image
 * of the same release (`build.py`, `upstream_container_version`).
 */
export const tritonContainers = {
  vllm: [
    { container: "25.01", cuda: "12.8.0", driver: "570.86.10" },
    { container: "25.02", cuda: "12.8.0", driver: "570.86.10" },
    { container: "25.03", cuda: "12.8.1", driver: "570.124.06" },
    { container: "25.04", cuda: "12.9.0", driver: "575.51.02" },
    { container: "25.05", cuda: "12.9.0", driver: "575.51.03" },
    { container: "25.06", cuda: "12.9.0", driver: "575.51.03" },
    { container: "25.07", cuda: "12.9.0", driver: "575.51.03" },
    { container: "25.08", cuda: "13.0.1", driver: "580.82.07" },
    { container: "25.09", cuda: "13.0.1", driver: "580.82.07" },
    { container: "25.10", cuda: "13.0.2", driver: "580.95.05" },
    { container: "25.11", cuda: "13.0.2", driver: "580.95.05" },
    { container: "25.12", cuda: "13.1.0", driver: "590.44.01" },
    { container: "26.01", cuda: "13.1.1", driver: "590.48.01" },
    { container: "26.02", cuda: "13.1.1", driver: "590.48.01" },
    { container: "26.03", cuda: "13.2.0", driver: "595.45.04" },
    { container: "26.04", cuda: "13.2.1", driver: "595.58.03" },
    { container: "26.05", cuda: "13.2.1", driver: "595.58.03" },
    { container: "26.06", cuda: "13.3.0", driver: "610.43.02" },
    { container: "26.07", cuda: "13.3.0", driver: "610.43.02" },
  ],
  trtllm: [
    { container: "25.01", cuda: "12.8.0", driver: "570.86.10" },
    { container: "25.02", cuda: "12.8.0", driver: "570.86.10" },
    { container: "25.03", cuda: "12.8.1", driver: "570.124.06" },
    { container: "25.04", cuda: "12.8.1", driver: "570.124.06" },
    { container: "25.05", cuda: "12.8.1", driver: "570.124.06" },
    { container: "25.06", cuda: "12.9.0", driver: "575.51.03" },
    { container: "25.07", cuda: "12.9.0", driver: "575.51.03" },
    { container: "25.08", cuda: "12.9.0", driver: "575.51.03" },
    { container: "25.09", cuda: "12.9.1", driver: "575.57.08" },
    { container: "25.10", cuda: "12.9.1", driver: "575.57.08" },
    { container: "25.11", cuda: "13.0.2", driver: "580.95.05" },
    { container: "25.12", cuda: "13.0.2", driver: "580.95.05" },
    { container: "26.01", cuda: "13.0.2", driver: "580.95.05" },
    { container: "26.02", cuda: "13.0.2", driver: "580.95.05" },
    { container: "26.03", cuda: "13.1.0", driver: "590.44.01" },
    { container: "26.04", cuda: "13.1.0", driver: "590.44.01" },
    { container: "26.05", cuda: "13.1.0", driver: "590.44.01" },
    { container: "26.06", cuda: "13.1.0", driver: "590.44.01" },
    { container: "26.07", cuda: "13.1.0", driver: "590.44.01" },
  ],
} as const satisfies Record<string, readonly TritonContainer[]>;

const tensorRtLlm: Flavour = "trtllm";

/** The releases of the image that contains a backend, oldest first. */
export function containersOf(backend: string): readonly TritonContainer[] {
  return tritonContainers[backend === "tensorrtllm" ? tensorRtLlm : "vllm"];
}

/** The release of an image that is named by digest. Undefined: the digest is not in the list, as of an own image. */
export function tritonRelease(image: string): string | undefined {
  return tritonDigests[image.split("@")[1] ?? ""];
}

/** The releases of `nvcr.io/nvidia/tritonserver` by digest, of those that models here use. */
const tritonDigests: Readonly<Record<string, string>> = {
  "sha256:551599c0812bb706121410a71abda07f9920d25e6c66edf1ec07a375e49f5f90": "26.07",
};
