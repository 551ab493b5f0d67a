import { dirname } from "node:path";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import { cacheDirectory } from "./cache.ts";
import { argoRolloutsDefinitions, istioDefinitions, prometheusOperatorDefinitions } from "./customResources.ts";
import { installTools } from "./installTools.ts";
import { onnxRuntimeFor } from "./onnxRuntime.ts";
import { findPython, pythonVersions } from "./python.ts";
import { type InstalledTool, messageOf, type Tool, type ToolEvent } from "./tool.ts";
import * as tools from "./tools.ts";
import { tritonEnvironment, tritonFiles, tritonFor } from "./triton.ts";

/** The absolute paths of the programs and files that the embedded environment uses. `tools.ts` has the versions. */
export interface Tools {
  /** etcd 3.6, which stores the objects of kube-apiserver. */
  readonly etcd: string;
  /** kube-apiserver 1.35. */
  readonly kubeApiserver: string;
  /** kube-controller-manager of the same version. */
  readonly kubeControllerManager: string;
  /** kube-scheduler of the same version. */
  readonly kubeScheduler: string;
  /** kwok, which keeps the simulated nodes Ready and simulates the pods that no Triton process stands for. */
  readonly kwok: string;
  /** The controller of Argo Rollouts, `rollouts-controller`. */
  readonly argoRollouts: string;
  /** istiod, the control plane of Istio. Its program is called `pilot-discovery`. */
  readonly istiod: string;
  /** Envoy, which runs as the ingress gateway and as the sidecar of each pod. */
  readonly envoy: string;
  /** The Prometheus server, which computes the verdicts of analyses. */
  readonly prometheus: string;
  /** Helm 3. The embedded environment itself renders no chart. */
  readonly helm: string;
  /** Triton with its Python backend. */
  readonly triton: TritonTool;
  /** The YAML files with the CustomResourceDefinitions of each project. */
  readonly crds: {
    readonly argoRollouts: string[];
    readonly istio: string[];
    readonly prometheusOperator: string[];
  };
}

/** The paths and environment variables of a Triton process. */
export interface TritonTool {
  /** The program `tritonserver`. */
  readonly bin: string;
  /** The directory with the backends, for Triton's flag `--backend-directory`. */
  readonly backends: string;
  /** LD_LIBRARY_PATH: the directories of Triton's own libraries and of libpython. */
  readonly libraryPath: string;
  /** The Python interpreter. The stub of the Python backend is built for its version. */
  readonly python: string;
  /**
   * The environment variables to add to the inherited ones. PATH begins with the directory of the interpreter, because
   * the stub of the Python backend finds the standard library through PATH.
   */
  readonly env: {
    /** As `libraryPath`. */
    readonly LD_LIBRARY_PATH: string;
    /** The directory of the interpreter, then the PATH of this process. */
    readonly PATH: string;
    /** The folder of the package onnxruntime, for the model that runs ONNX files (`embedded/standIn/onnxModel.py`). */
    readonly SERIN_ONNXRUNTIME: string;
  };
}

/** How a search for tools reports progress and is aborted. */
export interface EnsureOptions {
  /**
   * Called when a tool is found, when its fetch begins and ends, and every 3 s while it is fetched.
   * @default progress is not reported
   */
  readonly onProgress?: (event: ToolEvent) => void;
  /** Aborting it ends all child processes and removes unfinished files. @default the search cannot be aborted */
  readonly signal?: AbortSignal;
}

/**
 * Finds, downloads or builds all tools of the embedded environment. They are cached per user, so only the first call on
 * a machine takes long.
 * @throws ProblemError on any machine but Linux x86-64, if the disk is too small, or with all tools that were neither
 * found nor downloaded nor built
 */
export async function ensureTools(options: EnsureOptions = {}): Promise<Tools> {
  requireSupportedMachine();
  const signal = options.signal ?? new AbortController().signal;
  const triton = await tritonParts(signal);
  const definitions = [argoRolloutsDefinitions, istioDefinitions, prometheusOperatorDefinitions];
  const installed = await install([...Object.values(tools), ...triton.wanted, ...definitions], signal, options);
  const file = (tool: Tool, name: string = tool.name) => fileOf(installed, tool, name);
  return {
    etcd: file(tools.etcd),
    kubeApiserver: file(tools.kubernetes, "kube-apiserver"),
    kubeControllerManager: file(tools.kubernetes, "kube-controller-manager"),
    kubeScheduler: file(tools.kubernetes, "kube-scheduler"),
    kwok: file(tools.kwok),
    argoRollouts: file(tools.argoRollouts, "rollouts-controller"),
    istiod: file(tools.istiod, "pilot-discovery"),
    envoy: file(tools.envoy),
    prometheus: file(tools.prometheus),
    helm: file(tools.helm),
    triton: triton.tool(installed),
    crds: {
      argoRollouts: filesOf(installed, argoRolloutsDefinitions),
      istio: filesOf(installed, istioDefinitions),
      prometheusOperator: filesOf(installed, prometheusOperatorDefinitions),
    },
  };
}

/**
 * Finds or downloads Triton alone, for a model server without a control plane.
 * @throws ProblemError as `ensureTools`
 */
export async function ensureTriton(options: EnsureOptions = {}): Promise<TritonTool> {
  requireSupportedMachine();
  const signal = options.signal ?? new AbortController().signal;
  const triton = await tritonParts(signal);
  return triton.tool(await install(triton.wanted, signal, options));
}

/**
 * Finds, downloads or builds Helm and returns its path. It renders the charts for a cluster of one's own.
 * @throws ProblemError as `ensureTools`
 */
export async function ensureHelm(options: EnsureOptions = {}): Promise<string> {
  requireSupportedMachine();
  const signal = options.signal ?? new AbortController().signal;
  return fileOf(await install([tools.helm], signal, options), tools.helm, "helm");
}

/**
 * Checks that this machine is Linux on x86-64, because some tools are published for no other.
 * @throws ProblemError, with a kind, k3d or minikube cluster as the alternative, if it is not
 */
export function requireSupportedMachine(platform: string = process.platform, arch: string = process.arch): void {
  if (platform === "linux" && arch === "x64") return;
  throw new ProblemError(
    "The embedded environment cannot run here",
    [
      {
        path: `${platform} ${arch}`,
        reason: "its programs are for Linux on x86-64.",
        fix: "Start a kind, k3d or minikube cluster and use it instead: serin up local --kubeconfig <file> --context <name>",
      },
    ],
    exitCodes.unavailable,
  );
}

async function install(
  wanted: readonly Tool[],
  signal: AbortSignal,
  { onProgress = () => {} }: EnsureOptions,
): Promise<ReadonlyMap<string, InstalledTool>> {
  return installTools(wanted, { cache: cacheDirectory(), signal, onProgress });
}

/** What Triton is made of: the tools to install, and what they are together. */
async function tritonParts(signal: AbortSignal): Promise<{
  readonly wanted: readonly Tool[];
  readonly tool: (installed: ReadonlyMap<string, InstalledTool>) => TritonTool;
}> {
  const python = await findPython(signal).catch((error: unknown) => {
    signal.throwIfAborted();
    return messageOf(error);
  });
  if (typeof python === "string") {
    return {
      wanted: [tritonWithoutPython(python)],
      tool: () => {
        throw new Error("Triton was found without a Python to run it.");
      },
    };
  }
  const [triton, onnxRuntime] = [tritonFor(python), onnxRuntimeFor(python)];
  return {
    wanted: [triton, onnxRuntime],
    tool: (installed) => {
      const file = (name: string) => fileOf(installed, triton, name);
      const packages = dirname(fileOf(installed, onnxRuntime, onnxRuntime.name));
      const env = { ...tritonEnvironment(file(tritonFiles.libraries), python), SERIN_ONNXRUNTIME: packages };
      return {
        bin: file(tritonFiles.bin),
        backends: file(tritonFiles.backends),
        libraryPath: env.LD_LIBRARY_PATH,
        python: python.executable,
        env,
      };
    },
  };
}

/** A tool that always fails, for Triton without a usable Python: its error is reported together with all others. */
function tritonWithoutPython(reason: string): Tool {
  return {
    name: "triton",
    version: "2.51.0",
    purpose: "the model servers",
    files: ["no Python for it"],
    sizeMiB: 0,
    seconds: 0,
    fix: `Install Python ${pythonVersions.join(", ")} with its shared library (on Debian and Ubuntu: python3 and libpython3-dev), or name one in SERIN_PYTHON.`,
    sources: [
      {
        name: "a Python for its Python backend",
        kind: "download",
        scratchMiB: 0,
        fetch: () => Promise.reject(new Error(reason)),
      },
    ],
  };
}

function fileOf(installed: ReadonlyMap<string, InstalledTool>, tool: Tool, name: string): string {
  const path = installed.get(tool.name)?.files.get(name);
  if (path === undefined) throw new Error(`${tool.name} was installed without ${name}.`);
  return path;
}

function filesOf(installed: ReadonlyMap<string, InstalledTool>, tool: Tool): string[] {
  return tool.files.map((name) => fileOf(installed, tool, name));
}
