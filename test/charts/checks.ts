import { gpuTaint } from "../../components/cluster/gpuPool.ts";
import { mirroredImage, type RegistryMirror } from "../../components/core/registryMirror.ts";
import type { ChartFiles } from "./chartFiles.ts";
import type { DeclaredChart } from "./declaredCharts.ts";
import type { ChartObject } from "./renderChart.ts";

/** A chart rendered twice for one cluster. */
export interface Tried {
  readonly declared: DeclaredChart;
  readonly files: ChartFiles;
  readonly objects: readonly ChartObject[];
  readonly again: readonly ChartObject[];
}

/** Everything that `helm.v4.Chart` or the cluster would stumble over, one sentence each. */
export function faultsOf(tried: Tried): string[] {
  return [
    ...unknownValues(tried.declared.values, tried.files).map(
      (path) => `the chart knows no value "${path}": it would be ignored in silence.`,
    ),
    ...hooks(tried.objects)
      .filter((object) => !Object.hasOwn(unneededHooks, nameOf(object)))
      .map((object) => `${nameOf(object)} is a hook, which is left out: switch it off, or install what it does.`),
    ...(tried.declared.upserts ? [] : kept(tried.objects)).map(
      (object) => `${nameOf(object)} stays when the chart is removed, and cannot be created again.`,
    ),
    ...(tried.declared.hasGpuNodes ? intolerant(tried.objects) : []).map(
      (object) => `${nameOf(object)} does not tolerate ${gpuTaint.key}:${gpuTaint.effect} and is missing on GPU nodes.`,
    ),
    ...bestEffort(tried.objects).map(
      (object) => `${nameOf(object)} asks for no memory, so a full node ends it before all others.`,
    ),
    ...webhookPortsOf(tried.objects)
      .filter((port) => !tried.declared.webhookPorts.includes(port))
      .map(
        (port) => `its webhook listens on port ${port}, which no system has in webhookPorts: GKE's firewall shuts it.`,
      ),
    ...(tried.declared.mirror === undefined ? [] : unmirrored(tried.objects, tried.declared.mirror)).map(
      ({ object, image }) => `${nameOf(object)} has "${image}", which the mirror does not stand for.`,
    ),
    ...changed(tried.objects, tried.again).map(
      (object) => `${nameOf(object)} differs between two renderings, so every \`up\` would change it.`,
    ),
  ];
}

/** Hooks that cannot be switched off, and why nobody misses them. */
export const unneededHooks: Readonly<Record<string, string>> = {
  'Job "gpu-operator-cleanup-gpucluster"':
    "Before a removal it deletes the GPUCluster that the chart makes with `gpuCluster.deployCR`, which is off.",
};

export function nameOf({ kind, metadata }: ChartObject): string {
  return `${kind} "${metadata.name}"`;
}

type Tree = Readonly<Record<string, unknown>>;

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Paths of values that the chart does not have. A chart with a closed schema has Helm check them. Another has a value
 * where its defaults have it, where they leave the map open (`{}`, `null`) or a template writes out the whole map,
 * where a comment of `values.yaml` offers it, or where a template reads it.
 */
export function unknownValues(values: Tree, chart: ChartFiles): string[] {
  if (chart.closed) return [];
  return Object.entries(values).flatMap(([key, value]) => {
    const subchart = chart.subcharts[key];
    if (subchart !== undefined && isTree(value)) {
      return unknownValues(value, subchart)
        .filter((path) => !hasPath(chart.defaults[key], path.split(".")))
        .map((path) => `${key}.${path}`);
    }
    return unknownBelow(value, chart.defaults, [key], chart);
  });
}

function unknownBelow(value: unknown, parent: Tree, path: readonly string[], chart: ChartFiles): string[] {
  const key = path.at(-1) ?? "";
  if (!Object.hasOwn(parent, key)) return isNamed(path, chart) ? [] : [path.join(".")];
  const known = parent[key];
  if (!isTree(value) || !isTree(known) || Object.keys(known).length === 0 || isWrittenOut(path, chart)) return [];
  return Object.entries(value).flatMap(([inner, item]) => unknownBelow(item, known, [...path, inner], chart));
}

function hasPath(tree: unknown, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return true;
  return isTree(tree) && Object.hasOwn(tree, key) && hasPath(tree[key], rest);
}

/** `global` reaches subcharts too, so one of them may be the one that reads it. */
function isNamed(path: readonly string[], chart: ChartFiles): boolean {
  const read = new RegExp(`\\.Values\\.${path.map(escaped).join("\\.")}\\b`);
  const below = path[0] === "global" ? Object.values(chart.subcharts) : [];
  return read.test(chart.templates) || isOffered(path, chart.defaultsText) || below.some((one) => isNamed(path, one));
}

/** Whether a template writes the map as it is, as most do with a `securityContext`. */
function isWrittenOut(path: readonly string[], { templates }: ChartFiles): boolean {
  const whole = new RegExp(`\\.Values\\.${path.map(escaped).join("\\.")}(?![\\w.])`);
  return [...templates.matchAll(/{{-?([^}]*)}}/g)].some(
    ([, action = ""]) => /\b(toYaml|mergeOverwrite|mustMergeOverwrite)\b/.test(action) && whole.test(action),
  );
}

/** Whether a comment in the block of the parent, at its depth, reads `# key:`. */
function isOffered(path: readonly string[], text: string): boolean {
  const key = path.at(-1) ?? "";
  const lines = text.split("\n");
  let [from, to] = [0, lines.length];
  for (const [depth, step] of path.slice(0, -1).entries()) {
    const at = lines.findIndex(
      (line, i) =>
        i >= from && i < to && new RegExp(`^( *)${escaped(step)}:`).test(line) && (depth > 0 || line[0] !== " "),
    );
    if (at === -1) return false;
    const indent = /^ */.exec(lines[at] ?? "")?.[0].length ?? 0;
    const end = lines.findIndex((line, i) => i > at && /^ *[^\s#]/.test(line) && line.search(/\S/) <= indent);
    [from, to] = [at + 1, end === -1 ? to : end];
  }
  return lines.slice(from, to).some((line) => new RegExp(`^ *# ?-? *${escaped(key)}:`).test(line));
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** Hooks but those of `helm test`, which nobody runs at an installation. */
export function hooks(objects: readonly ChartObject[]): ChartObject[] {
  return objects.filter(({ metadata }) => {
    const when = metadata.annotations?.["helm.sh/hook"]?.split(",") ?? [];
    return when.some((one) => !one.trim().startsWith("test"));
  });
}

/** Objects that Helm, and the provider after it, would not delete. */
export function kept(objects: readonly ChartObject[]): ChartObject[] {
  return objects.filter(({ metadata }) => metadata.annotations?.["helm.sh/resource-policy"] === "keep");
}

interface Toleration {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
  readonly effect?: string;
}

/** Daemonsets that the GPU taint keeps off GPU nodes, and GPU Operators whose operands it keeps off. */
export function intolerant(objects: readonly ChartObject[]): ChartObject[] {
  return objects.filter((object) => {
    const of = tolerationsOf(object);
    return of !== undefined && !of.some(toleratesGpuTaint);
  });
}

function tolerationsOf({ kind, spec }: ChartObject): readonly Toleration[] | undefined {
  type Spec = { template?: { spec?: { tolerations?: Toleration[] } }; daemonsets?: { tolerations?: Toleration[] } };
  const { template, daemonsets } = (spec ?? {}) as Spec;
  if (kind === "DaemonSet") return template?.spec?.tolerations ?? [];
  return kind === "ClusterPolicy" ? (daemonsets?.tolerations ?? []) : undefined;
}

function toleratesGpuTaint({ key, operator, value, effect }: Toleration): boolean {
  const sameKey = key === undefined || key === "" ? operator === "Exists" : key === gpuTaint.key;
  const sameValue = operator === "Exists" || value === gpuTaint.value;
  return sameKey && sameValue && (effect === undefined || effect === "" || effect === gpuTaint.effect);
}

/** What runs for as long as it is installed, with a container that asks for no memory. */
export function bestEffort(objects: readonly ChartObject[]): ChartObject[] {
  type Container = { resources?: { requests?: { memory?: unknown } } };
  type Spec = { template?: { spec?: { containers?: readonly Container[] } } };
  return objects.filter(({ kind, spec }) => {
    const { containers = [] } = (spec as Spec | undefined)?.template?.spec ?? {};
    const stays = ["Deployment", "StatefulSet", "DaemonSet"].includes(kind);
    return stays && containers.some(({ resources }) => resources?.requests?.memory === undefined);
  });
}

/** The ports of pods on which the control plane calls the webhooks of a chart, where the chart has their Service. */
export function webhookPortsOf(objects: readonly ChartObject[]): number[] {
  type Hooks = readonly { clientConfig?: { service?: { name: string; port?: number } } }[];
  type Ports = readonly { port: number; targetPort?: number | string }[];
  type Container = { ports?: readonly { name?: string; containerPort: number }[] };
  type Pods = { template?: { spec?: { containers?: readonly Container[] } } };
  const called = objects
    .filter(({ kind }) => /^(Mutating|Validating)WebhookConfiguration$/.test(kind))
    .flatMap(({ webhooks }) => (webhooks as Hooks | undefined) ?? [])
    .flatMap(({ clientConfig }) => clientConfig?.service ?? []);
  const named = objects
    .flatMap(({ spec }) => (spec as Pods | undefined)?.template?.spec?.containers ?? [])
    .flatMap(({ ports = [] }) => ports);
  const found = called.flatMap(({ name, port = 443 }) => {
    const service = objects.find(({ kind, metadata }) => kind === "Service" && metadata.name === name);
    const ports = (service?.spec as { ports?: Ports } | undefined)?.ports ?? [];
    const { targetPort } = ports.find((one) => one.port === port) ?? {};
    return typeof targetPort === "string"
      ? named.filter((one) => one.name === targetPort).map(({ containerPort }) => containerPort)
      : (targetPort ?? []);
  });
  return [...new Set(found)].sort((a, b) => a - b);
}

/** Registries that charts name. Images are also written into arguments, variables and configuration. */
const publicRegistries =
  /(?<![\w./-])(?:docker\.io|gcr\.io|ghcr\.io|quay\.io|registry\.k8s\.io|nvcr\.io|public\.ecr\.aws|registry\.istio\.io|mcr\.microsoft\.com)\/[\w./-]+/g;

/** An address of a mirror may have the name of a registry in it, after its own host. */
function namedIn(text: string): string[] {
  return [...text.matchAll(publicRegistries)].map(([image]) => image);
}

/** Images that the nodes of a site with a mirror would pull from somewhere else. */
export function unmirrored(
  objects: readonly ChartObject[],
  mirror: RegistryMirror,
): { readonly object: ChartObject; readonly image: string }[] {
  return objects
    .filter(({ kind }) => kind !== "CustomResourceDefinition")
    .flatMap((object) =>
      [
        ...new Set([
          ...imagesIn(inUse(object)).filter((image) => mirroredImage(mirror, image) !== image),
          ...textsIn(inUse(object)).flatMap((text) =>
            namedIn(text).filter((image) => mirroredImage(mirror, image) !== image),
          ),
        ]),
      ].map((image) => ({ object, image })),
    );
}

/** Operands for virtual machines. The operator runs them with `sandboxWorkloads` alone, whatever their own switch says. */
const sandboxOperands = [
  ...["vfioManager", "vgpuManager", "vgpuDeviceManager", "ccManager", "kataManager"],
  ...["sandboxDevicePlugin", "kataSandboxDevicePlugin"],
];

/** An object without what a ClusterPolicy of the GPU Operator switches off. */
function inUse(object: ChartObject): Tree {
  if (object.kind !== "ClusterPolicy" || !isTree(object.spec)) return object;
  const { sandboxWorkloads } = object.spec;
  const without = isTree(sandboxWorkloads) && sandboxWorkloads.enabled === false ? sandboxOperands : [];
  const used = Object.entries(object.spec).filter(
    ([key, operand]) => !without.includes(key) && !(isTree(operand) && operand.enabled === false),
  );
  return { ...object, spec: Object.fromEntries(used) };
}

/** Values of `image`, with the `repository` beside it where the two are apart, as the GPU Operator has them. */
function imagesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(imagesIn);
  if (!isTree(value)) return [];
  const { image, repository } = value;
  const own = typeof image !== "string" ? [] : typeof repository === "string" ? [`${repository}/${image}`] : [image];
  // Istio's injector replaces "auto" by the image of the proxy.
  return [...own.filter((one) => one !== "auto"), ...Object.values(value).flatMap(imagesIn)];
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** Objects of the first rendering that the second has not, or has otherwise. */
export function changed(first: readonly ChartObject[], second: readonly ChartObject[]): ChartObject[] {
  const others = new Set(second.map((object) => JSON.stringify(object)));
  return first.filter((object) => !others.has(JSON.stringify(object)));
}
