import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import { cacheDirectory } from "./cache.ts";
import { argoRolloutsDefinitions, istioDefinitions, prometheusOperatorDefinitions } from "./customResources.ts";
import { installTools } from "./installTools.ts";
import { findPython, type Python, pythonVersions } from "./python.ts";
import { type InstalledTool, messageOf, type Tool, type ToolEvent } from "./tool.ts";
import * as tools from "./tools.ts";
import { tritonEnvironment, tritonFiles, tritonFor } from "./triton.ts";

/** Absolute paths of everything the embedded environment runs. */
export interface Tools {
  readonly etcd: string;
  readonly kubeApiserver: string;
  readonly kubeControllerManager: string;
  readonly kubeScheduler: string;
  readonly kwok: string;
  readonly argoRollouts: string;
  readonly istiod: string;
  readonly envoy: string;
  readonly prometheus: string;
  readonly helm: string;
  readonly triton: TritonTool;
  /** Files with the definitions of custom resources, YAML. */
  readonly crds: {
    readonly argoRollouts: string[];
    readonly istio: string[];
    readonly prometheusOperator: string[];
  };
}

export interface TritonTool {
  readonly bin: string;
  /** For `--backend-directory`. */
  readonly backends: string;
  /** The value of LD_LIBRARY_PATH: Triton's own libraries and the directory of libpython. */
  readonly libraryPath: string;
  /** The interpreter whose version the backend's stub has. */
  readonly python: string;
  /**
   * What its process needs besides the inherited environment; PATH has the interpreter first, by which the stub finds
   * its standard library.
   */
  readonly env: { readonly LD_LIBRARY_PATH: string; readonly PATH: string };
}

export interface EnsureOptions {
  /** Several events a second at most, and at least one every few seconds while something is fetched. */
  readonly onProgress?: (event: ToolEvent) => void;
  /** Ends every child process and removes what is unfinished. */
  readonly signal?: AbortSignal;
}

/**
 * Finds or fetches every tool of the embedded environment; cached per user, so only the first call on a machine takes
 * long.
 *
 * Throws a `ProblemError` on anything but Linux x86-64, with too little disk, or naming what cannot be had.
 */
export async function ensureTools(options: EnsureOptions = {}): Promise<Tools> {
  requireSupportedMachine();
  const signal = options.signal ?? new AbortController().signal;
  const python = await findPython(signal).catch((error: unknown) => {
    signal.throwIfAborted();
    return messageOf(error);
  });
  const triton = typeof python === "string" ? tritonWithoutPython(python) : tritonFor(python);
  const definitions = [argoRolloutsDefinitions, istioDefinitions, prometheusOperatorDefinitions];
  const installed = await install([...Object.values(tools), triton, ...definitions], signal, options);
  if (typeof python === "string") throw new Error("Triton was found without a Python to run it.");
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
    triton: tritonTool((name) => file(triton, name), python),
    crds: {
      argoRollouts: filesOf(installed, argoRolloutsDefinitions),
      istio: filesOf(installed, istioDefinitions),
      prometheusOperator: filesOf(installed, prometheusOperatorDefinitions),
    },
  };
}

/** Helm alone, for rendering charts without an environment. */
export async function ensureHelm(options: EnsureOptions = {}): Promise<string> {
  requireSupportedMachine();
  const signal = options.signal ?? new AbortController().signal;
  return fileOf(await install([tools.helm], signal, options), tools.helm, "helm");
}

/** Throws on a machine for which the tools have no programs, with the way round. */
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

function tritonTool(file: (name: string) => string, python: Python): TritonTool {
  const env = tritonEnvironment(file(tritonFiles.libraries), python);
  return {
    bin: file(tritonFiles.bin),
    backends: file(tritonFiles.backends),
    libraryPath: env.LD_LIBRARY_PATH,
    python: python.executable,
    env,
  };
}

/** Stands for Triton where no Python fits, so that this is reported together with whatever else is missing. */
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
