import { execa } from "execa";
import { parseAllDocuments } from "yaml";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import type { ClusterObjects } from "../kubernetes/clusterObjects.ts";

/** How a chart is rendered. */
export interface RenderOptions {
  /** Path of helm 3. */
  readonly helm: string | undefined;
  /** The cluster whose version and kinds the chart can ask for. */
  readonly cluster: ClusterObjects;
  /** The namespace of objects that name none. */
  readonly namespace: string;
  /** Ends helm. */
  readonly signal: AbortSignal;
}

type Manifest = Record<string, unknown> & { readonly kind: string };

/**
 * The objects of a `helm.v4.Chart`, rendered as its provider renders them: by helm, without hooks, with the definitions
 * of the chart.
 *
 * @throws ProblemError when there is no helm or it refuses the chart.
 */
export async function renderChart(
  name: string,
  args: Readonly<Record<string, unknown>>,
  { helm, cluster, namespace, signal }: RenderOptions,
): Promise<Manifest[]> {
  const chart = String(args.chart);
  if (helm === undefined) {
    throw new ProblemError(
      `The chart "${name}" cannot be rendered`,
      [{ path: chart, reason: "helm 3 is needed for it and was not found.", fix: "Install helm and run this again." }],
      exitCodes.unavailable,
    );
  }
  const { gitVersion, apiVersions } = await cluster.capabilities();
  const target = typeof args.namespace === "string" ? args.namespace : namespace;
  const options = [
    "template",
    typeof args.name === "string" ? args.name : name,
    chart,
    ...chartSource(args),
    ...postRenderer(args),
    ...["--namespace", target, "--no-hooks", args.skipCrds === true ? "--skip-crds" : "--include-crds"],
    ...["--kube-version", gitVersion, ...apiVersions.flatMap((version) => ["--api-versions", version])],
    ...["--values", "-"],
  ];
  const { stdout, stderr, exitCode } = await execa(helm, options, {
    input: JSON.stringify(args.values ?? {}),
    reject: false,
    cancelSignal: signal,
    maxBuffer: 64 * 1024 * 1024,
  });
  signal.throwIfAborted();
  if (exitCode !== 0) {
    const reason = `${stderr.trim().split("\n").at(-1) ?? "helm failed"}.`;
    throw new ProblemError(`The chart "${name}" cannot be rendered`, [{ path: chart, reason }], exitCodes.incomplete);
  }
  return manifestsIn(stdout, target);
}

function chartSource(args: Readonly<Record<string, unknown>>): string[] {
  const { repo, caFile, certFile, keyFile, username, password } = (args.repositoryOpts ?? {}) as Record<string, string>;
  const flags = {
    "--repo": repo,
    "--ca-file": caFile,
    "--cert-file": certFile,
    "--key-file": keyFile,
    "--username": username,
    "--password": password,
    "--version": args.version,
    "--keyring": args.verify === true ? args.keyring : undefined,
  };
  const switches = { "--devel": args.devel, "--verify": args.verify, "--plain-http": args.plainHttp };
  return [
    ...Object.entries(flags).flatMap(([flag, value]) => (typeof value === "string" ? [flag, value] : [])),
    ...Object.entries(switches).flatMap(([flag, value]) => (value === true ? [flag] : [])),
  ];
}

/** What the rendered stream goes through. `node` is the one that runs this, which need not be on PATH. */
function postRenderer({ postRenderer: by }: Readonly<Record<string, unknown>>): string[] {
  if (by === undefined) return [];
  const { command, args = [] } = by as { command: string; args?: readonly string[] };
  const program = command === "node" ? process.execPath : command;
  return [`--post-renderer=${program}`, ...args.map((argument) => `--post-renderer-args=${argument}`)];
}

/** Objects of a YAML stream. Those without a namespace go to the chart's, as `helm install` does it. */
export function manifestsIn(stream: string, namespace: string): Manifest[] {
  return parseAllDocuments(stream)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null && typeof manifest === "object")
    .flatMap((manifest) => (manifest.kind === "List" ? (manifest.items as Manifest[]) : [manifest]))
    .filter((manifest) => !isHook(manifest))
    .map((manifest) => ({ ...manifest, metadata: { namespace, ...(manifest.metadata as object) } }));
}

function isHook({ metadata }: Manifest): boolean {
  const { annotations } = (metadata ?? {}) as { annotations?: Record<string, string> };
  return annotations?.["helm.sh/hook"] !== undefined;
}

/** Kinds that must be there before others are applied, and those that would stand in the way of others. */
const first = new Set(["Namespace", "CustomResourceDefinition"]);
const second = new Set([
  "ServiceAccount",
  "Secret",
  "ConfigMap",
  "StorageClass",
  "PersistentVolume",
  "ClusterRole",
  "ClusterRoleBinding",
  "Role",
  "RoleBinding",
  "Service",
]);
const last = new Set(["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "APIService"]);

/** Objects that can be applied together, in order: what helm's install order is for. */
export function chartPhases(objects: readonly Manifest[]): Manifest[][] {
  const phaseOf = ({ kind }: Manifest) => (first.has(kind) ? 0 : second.has(kind) ? 1 : last.has(kind) ? 3 : 2);
  return [0, 1, 2, 3].map((phase) => objects.filter((object) => phaseOf(object) === phase));
}
