import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TritonServer } from "../../components/model/triton.ts";
import { onnxRuntimeVersion } from "../toolchain/onnxRuntime.ts";

/**
 * What runs a model in the place of a backend that the embedded environment has not: `onnx` is ONNX Runtime, with the
 * model's own file; `madeUp` answers what config.pbtxt says, and reads no model.
 */
export type StandIn = "onnx" | "madeUp";

/** The backend of Triton that is there as it is on a cluster. */
const ownBackend = "python";

/** The Python files that run in the place of a model, beside this one. */
const programs: Readonly<Record<StandIn, string>> = { onnx: "onnxModel.py", madeUp: "madeUpModel.py" };

/** The backends that `platform` of an older config.pbtxt means (Triton's `model_config_utils.cc`). */
const platforms: Readonly<Record<string, string>> = {
  onnxruntime_onnx: "onnxruntime",
  tensorrt_plan: "tensorrt",
  pytorch_libtorch: "pytorch",
};

/** The backend that Triton takes for a model's file where config.pbtxt names none. */
const files: Readonly<Record<string, string>> = {
  "model.onnx": "onnxruntime",
  "model.plan": "tensorrt",
  "model.pt": "pytorch",
};

/** What runs a model of this backend; undefined: the backend itself, or nothing. */
export function standInFor(backend: string, gpu: boolean): StandIn | undefined {
  if (backend === "onnxruntime") return "onnx";
  return backend === ownBackend || !gpu ? undefined : "madeUp";
}

/** How the embedded environment runs a model otherwise than a cluster does, as a sentence; undefined: it does not. */
export function standInText({ backend, gpu }: Pick<TritonServer, "backend" | "gpu">): string | undefined {
  const kind = standInFor(backend, gpu !== undefined);
  const onCpu = "its GPU is simulated, so its latency says nothing of one";
  if (kind === "madeUp") {
    return `A stand-in answers for ${backend}, with made-up numbers of the names, types and shapes in config.pbtxt; ${onCpu}.`;
  }
  const runs =
    kind === "onnx" ? `ONNX Runtime ${onnxRuntimeVersion} runs it on the CPU, by a Python model` : "Runs on the CPU";
  if (gpu !== undefined) return `${runs}; ${onCpu}.`;
  return kind === undefined ? undefined : `${runs}.`;
}

/** The backends that Triton can load a model of this server with. */
export function backendsFor({ backend, gpu }: Pick<TritonServer, "backend" | "gpu">): string[] {
  const here = [ownBackend, "onnxruntime"];
  return gpu === undefined || here.includes(backend) ? here : [...here, backend];
}

/** A copy of a model repository in which stand-ins run what Triton has no backend for. */
export interface StoodIn {
  /** The Triton repository: the copy, or the original where nothing needs a stand-in. */
  readonly repository: string;
  /** The backends that are stood in for. */
  readonly backends: readonly string[];
}

/**
 * Prepares a repository for a Triton that has the Python backend alone, on a CPU. `target` gets links to the files of
 * `source`, a model.py in each version that is stood in for and, where the pod has a (simulated) GPU, a config.pbtxt
 * whose instances are on the CPU. `source` stays as it is.
 */
export async function standIn(source: string, target: string, gpu: boolean): Promise<StoodIn> {
  await rm(target, { recursive: true, force: true });
  const models = (await readdir(source, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const read = await Promise.all(
    models.map(async ({ name }) => {
      const folder = join(source, name);
      const path = join(folder, "config.pbtxt");
      const config = existsSync(path) ? withoutComments(await readFile(path, "utf8")) : "";
      const backend = await backendOf(config, folder);
      return {
        name,
        folder,
        config,
        backend,
        kind: standInFor(backend, gpu),
        onGpu: gpu && /\bKIND_GPU\b/.test(config),
      };
    }),
  );
  if (read.every(({ kind, onGpu }) => kind === undefined && !onGpu)) return { repository: source, backends: [] };
  for (const { name, folder, config, kind, onGpu } of read) {
    await mkdir(join(target, name), { recursive: true });
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const [from, to] = [join(folder, entry.name), join(target, name, entry.name)];
      if (entry.name === "config.pbtxt" && onGpu) await writeFile(to, onCpu(config));
      else if (kind !== undefined && entry.isDirectory() && /^\d+$/.test(entry.name))
        await standInVersion(from, to, kind);
      else await symlink(from, to);
    }
  }
  return { repository: target, backends: read.flatMap(({ backend, kind }) => (kind === undefined ? [] : [backend])) };
}

/** Makes Triton's folder of backends: those of `own`, and for the others the program that runs a version's model.py. */
export async function standInBackends(own: string, names: readonly string[], target: string): Promise<string> {
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  await symlink(join(own, ownBackend), join(target, ownBackend));
  for (const name of new Set(names)) {
    await mkdir(join(target, name));
    await copyFile(program("dispatch.py"), join(target, name, "model.py"));
  }
  return target;
}

async function standInVersion(source: string, target: string, kind: StandIn): Promise<void> {
  await mkdir(target);
  for (const name of await readdir(source)) {
    if (name !== "__pycache__" && name !== "model.py") await symlink(join(source, name), join(target, name));
  }
  await copyFile(program(programs[kind]), join(target, "model.py"));
}

async function backendOf(config: string, folder: string): Promise<string> {
  const named = /(?:^|[\s,;}\]])backend\s*:\s*["']([^"']+)["']/.exec(config)?.[1];
  if (named !== undefined) return named;
  const platform = /(?:^|[\s,;}\]])platform\s*:\s*["']([^"']+)["']/.exec(config)?.[1];
  // An ensemble has no backend.
  if (platform !== undefined) return platforms[platform] ?? ownBackend;
  for (const version of await readdir(folder, { withFileTypes: true })) {
    if (!version.isDirectory()) continue;
    const found = (await readdir(join(folder, version.name))).find((file) => file in files);
    if (found !== undefined) return files[found] ?? ownBackend;
  }
  return ownBackend;
}

/** The configuration with its instances on the CPU, which may name no GPUs. */
function onCpu(config: string): string {
  return config.replace(/\bKIND_GPU\b/g, "KIND_CPU").replace(/\bgpus\s*:\s*(?:\[[^\]]*\]|\d+)\s*[,;]?/g, "");
}

/** A "#" within a string begins no comment. */
function withoutComments(config: string): string {
  return config.replace(
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|#[^\n]*/g,
    (_, text: string | undefined) => text ?? "",
  );
}

function program(name: string): string {
  return join(dirname(fileURLToPath(import.meta.url)), name);
}
