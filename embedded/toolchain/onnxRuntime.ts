import type { Python } from "./python.ts";
import { installWheels } from "./pythonPackage.ts";
import type { Tool } from "./tool.ts";

/** The last ONNX Runtime with wheels for Python 3.9 to 3.12; it works with the NumPy of Triton's stubs. */
export const onnxRuntimeVersion = "1.19.2";

/** One hash for each Python version. */
const onnxRuntime = {
  requirement: `onnxruntime==${onnxRuntimeVersion}`,
  sha256: [
    "477b93df4db467e9cbf34051662a4b27c18e131fa1836e05974eae0d6e4cf29b",
    "a36511dc07c5c964b916697e42e366fa43c48cdb3d3503578d78cef30417cb84",
    "e3a4ce906105d99ebbe817f536d50a91ed8a4d1592553f49b3c23c4be2560ae6",
    "fae4b4de45894b9ce7ae418c5484cbf0341db6813effec01bb2216091c52f7fb",
  ],
};

/**
 * ONNX Runtime for CPUs, as a package of `python`. It runs ONNX models, since no registry has Triton's onnxruntime
 * backend as a file. Of what the package depends on it needs NumPy alone, which Triton's Python backend has.
 */
export function onnxRuntimeFor(python: Python): Tool {
  return {
    name: "onnxruntime",
    version: `${onnxRuntimeVersion}-python${python.version}`,
    purpose: "ONNX models",
    files: ["onnxruntime"],
    // pip has compared the hash, and without NumPy, which is Triton's, it cannot be loaded.
    check: () => Promise.resolve(),
    sizeMiB: 40,
    seconds: 10,
    fix: `Make the package onnxruntime ${onnxRuntimeVersion} available to pip for Python ${python.version}.`,
    sources: [
      {
        name: `PyPI onnxruntime ${onnxRuntimeVersion}`,
        kind: "download",
        scratchMiB: 20,
        fetch: (directory, context) => installWheels([onnxRuntime], directory, context, python.version),
      },
    ],
  };
}
