import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import type { Python } from "./python.ts";
import { installWheels } from "./pythonPackage.ts";
import { runCommand } from "./runCommand.ts";
import type { FetchContext, Tool } from "./tool.ts";

/**
 * Paths in the wheel of nvidia-pytriton. They must stay as they are, because its libraries find each other by relative
 * paths.
 */
export const tritonFiles = {
  bin: "pytriton/tritonserver/bin/tritonserver",
  backends: "pytriton/tritonserver/backends",
  libraries: "nvidia_pytriton.libs",
} as const;

const stub = `${tritonFiles.backends}/python/triton_python_backend_stub`;

const pytriton = {
  requirement: "nvidia-pytriton==0.7.0",
  sha256: ["21f063ff93bb426d0c06b7a55e7eb9efcfe62c0dddd9a908e9877e18710128df"],
};

/** The last NumPy that the stubs of Triton 2.51 work with. One hash for each Python version. */
const numpy = {
  requirement: "numpy==1.26.4",
  sha256: [
    "f870204a840a60da0b12273ef34f7051e98c3b5961b61b0c2c1be6dfd64fbcd3",
    "ffa75af20b44f8dba823498024771d5ac50620e6915abac414251bd971b4529f",
    "666dbfb6ec68962c033a450943ded891bed2d54e6755e35e5835d63f4f6931d5",
    "675d61ffbfa78604709862923189bad94014bef562cc35cf61d3a07bba02a7ed",
  ],
};

/**
 * NVIDIA Triton with its Python backend, on CPUs, for models that run in `python`.
 *
 * The backend's stub ignores PYTHONPATH and PYTHONHOME and searches the backend's own directory, so NumPy is installed
 * there.
 */
export function tritonFor(python: Python): Tool {
  return {
    name: "triton",
    version: `2.51.0-python${python.version}`,
    purpose: "the model servers",
    files: [tritonFiles.bin, tritonFiles.backends, tritonFiles.libraries, stub, `${tritonFiles.backends}/python/numpy`],
    check: (directory, context) => checkBackend(directory, python, context),
    sizeMiB: 220,
    seconds: 20,
    fix: `Make the packages nvidia-pytriton 0.7.0 and numpy 1.26.4 available to pip for Python ${python.version}.`,
    sources: [
      {
        name: "PyPI nvidia-pytriton 0.7.0",
        kind: "download",
        scratchMiB: 200,
        async fetch(directory, context) {
          const server = join(directory, "pytriton/tritonserver");
          await installWheels([pytriton], directory, context);
          await installWheels([numpy], join(server, "backends/python"), context, python.version);
          const shipped = join(server, "python_backend_stubs", python.version, "triton_python_backend_stub");
          await copyFile(shipped, join(directory, stub));
          await chmod(join(directory, stub), 0o755);
          await chmod(join(directory, tritonFiles.bin), 0o755);
        },
      },
    ],
  };
}

/**
 * The environment variables of a Triton process. LD_LIBRARY_PATH has `libraries` and the directory of libpython. PATH
 * begins with the directory of the interpreter: through it the stub finds the standard library of a Python that is not
 * where it was built for.
 */
export function tritonEnvironment(libraries: string, python: Python): { LD_LIBRARY_PATH: string; PATH: string } {
  return {
    LD_LIBRARY_PATH: [libraries, python.libraryDirectory].join(delimiter),
    PATH: [dirname(python.executable), process.env.PATH ?? ""].join(delimiter),
  };
}

/**
 * Checks that the Python backend runs with NumPy: Triton loads a model that imports NumPy and then raises an error, so
 * Triton prints the error and ends without opening a port.
 * @throws Error with the last lines of Triton's output if the model's error is not among them
 */
async function checkBackend(
  directory: string,
  python: Python,
  { scratch, signal, progress }: FetchContext,
): Promise<void> {
  progress("trying the Python backend");
  const repository = join(scratch, "models");
  const sign = "the Python backend works";
  await mkdir(join(repository, "check/1"), { recursive: true });
  await writeFile(join(repository, "check/config.pbtxt"), 'backend: "python"\ninstance_group [{ kind: KIND_CPU }]\n');
  await writeFile(join(repository, "check/1/model.py"), `import numpy\nraise RuntimeError("${sign}")\n`);
  const args = ["--model-repository", repository, "--backend-directory", join(directory, tritonFiles.backends)];
  const { all } = await runCommand(join(directory, tritonFiles.bin), args, {
    signal,
    timeoutMs: 60_000,
    mayFail: true,
    env: tritonEnvironment(join(directory, tritonFiles.libraries), python),
  });
  if (all.includes(sign)) return;
  throw new Error(
    `its Python backend does not work with ${python.executable}: ${all.trim().split("\n").slice(-4).join("\n")}`,
  );
}
