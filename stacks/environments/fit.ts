import type { ClusterSpec } from "../../components/cluster/clouds.ts";
import { cloudOf } from "../../components/cluster/clouds.ts";
import type { GpuPool } from "../../components/cluster/gpuPool.ts";
import type { Problem } from "../../components/core/problem.ts";
import { byteCount } from "../../components/core/quantity.ts";
import { fittingPools } from "../../components/model/hostCluster.ts";
import type { Model } from "../../components/model/model.ts";
import { cores, type GpuRequest, gpuKinds } from "../../components/model/triton.ts";

type Clusters = Readonly<Record<string, ClusterSpec>>;
type Pools = Readonly<Record<string, GpuPool>>;
type Server = Model["server"];

/** Nodes of one size that can carry a model. */
interface Nodes {
  readonly vcpu: number;
  readonly memoryGiB: number;
  readonly max: number;
  /** GPUs or shares that pods of one node can ask for. Absent: nodes without GPUs. */
  readonly gpusPerNode?: number;
}

/** A problem of a model on one cluster, and how much of it would fit there. */
interface Misfit {
  readonly problem: Problem;
  readonly fitting: number;
}

/**
 * What of a model does not fit on the nodes of the clusters, by the path below the model. A model is deployed to every
 * cluster, so of several clusters where it does not fit, the one with the least room is reported.
 */
export function fitProblems(model: Model, clusters: Clusters): Problem[] {
  const misfits = Object.entries(clusters).flatMap(([name, spec]) => misfit(model, name, spec) ?? []);
  const tightest = new Map<string, Misfit>();
  for (const found of misfits) {
    const known = tightest.get(found.problem.path);
    if (known === undefined || found.fitting < known.fitting) tightest.set(found.problem.path, found);
  }
  return [...tightest.values()].map(({ problem }) => problem);
}

function misfit({ server, replicas }: Model, cluster: string, spec: ClusterSpec): Misfit | undefined {
  const nodes = nodesFor(server, spec);
  if (nodes === undefined) return undefined;
  if (nodes.length === 0 && server.gpu !== undefined) return noGpu(cluster, server.gpu, cloudOf(spec).gpuPools(spec));
  const most = nodes.reduce((total, one) => total + one.max * podsPerNode(server, one), 0);
  if (most === 0) return noRoom(cluster, server, nodes);
  // During a release the new version has as many pods as the old one, which keeps its own.
  const needed = 2 * replicas;
  return needed <= most ? undefined : tooMany(cluster, server, replicas, most);
}

/** What all models together need of a cluster, when none is being released. */
export function totalFitProblems(models: Readonly<Record<string, Model>>, clusters: Clusters): Problem[] {
  return Object.entries(clusters).flatMap(([cluster, spec]) => [
    ...totalGpuProblems(models, cluster, spec),
    ...totalSystemProblems(models, cluster, spec),
  ]);
}

function totalGpuProblems(models: Readonly<Record<string, Model>>, cluster: string, spec: ClusterSpec): Problem[] {
  const asking = Object.entries(models).flatMap(([name, { server, replicas }]) =>
    server.gpu === undefined ? [] : [{ name, gpu: server.gpu, replicas }],
  );
  const pools = cloudOf(spec).gpuPools(spec);
  const usable = new Set(asking.flatMap(({ gpu }) => fittingPools(gpu, pools).map(([key]) => key)));
  const most = [...usable].reduce((sum, key) => sum + (pools[key]?.max ?? 0) * (pools[key]?.gpusPerNode ?? 0), 0);
  const needed = asking.reduce((sum, { gpu, replicas }) => sum + gpu.count * replicas, 0);
  return asking.length < 2 || needed <= most
    ? []
    : [
        {
          path: `clusters["${cluster}"].gpuPools`,
          reason:
            `models ${asking.map(({ name }) => name).join(", ")} ask for ${needed} GPUs or shares together, ` +
            `but the pools that they may run on have ${most} at their maximum.`,
          fix: "Raise max of a pool, or lower replicas of a model.",
        },
      ];
}

function totalSystemProblems(models: Readonly<Record<string, Model>>, cluster: string, spec: ClusterSpec): Problem[] {
  const nodes = cloudOf(spec).systemNodes(spec);
  const asking = Object.entries(models).filter(([, { server }]) => server.gpu === undefined);
  if (nodes === undefined || asking.length < 2) return [];
  const sum = (amount: (server: Server) => number) =>
    asking.reduce((total, [, { server, replicas }]) => total + amount(server) * replicas, 0);
  const needed = { cores: sum(({ cpu }) => cores(cpu)), bytes: sum(({ memory }) => byteCount(memory)) };
  const free = freeOn(nodes);
  const most = { cores: nodes.max * free.cores, bytes: nodes.max * free.bytes };
  return needed.cores <= most.cores && needed.bytes <= most.bytes
    ? []
    : [
        {
          path: `clusters["${cluster}"]`,
          reason:
            `models ${asking.map(([name]) => name).join(", ")} ask for ${needed.cores} cores and ` +
            `${gib(needed.bytes)} GiB together, but the nodes without GPUs have ${most.cores} and ${gib(most.bytes)} at their maximum.`,
          fix: "Lower replicas of a model, or ask for less in server.",
        },
      ];
}

/** The nodes that pods of a server may run on. Undefined: nothing is known of them. */
function nodesFor({ gpu }: Server, spec: ClusterSpec): readonly Nodes[] | undefined {
  if (gpu !== undefined) return fittingPools(gpu, cloudOf(spec).gpuPools(spec)).map(([, pool]) => pool);
  const nodes = cloudOf(spec).systemNodes(spec);
  return nodes === undefined ? undefined : [nodes];
}

/**
 * The kubelet, the sidecar and the exporters of a node take about one core and a tenth of the memory that its machine
 * is sold with.
 */
const reserved = { cores: 1, memoryShare: 0.1 } as const;

/** What pods of models can use of a node. */
function freeOn({ vcpu, memoryGiB }: Nodes): { readonly cores: number; readonly bytes: number } {
  return { cores: vcpu - reserved.cores, bytes: memoryGiB * 2 ** 30 * (1 - reserved.memoryShare) };
}

/** How many pods of a server one node can run at once. */
function podsPerNode({ cpu, memory, gpu }: Server, nodes: Nodes): number {
  const free = freeOn(nodes);
  const byGpu = gpu === undefined ? Number.POSITIVE_INFINITY : (nodes.gpusPerNode ?? 0) / gpu.count;
  return Math.floor(Math.min(byGpu, free.cores / cores(cpu), free.bytes / byteCount(memory)));
}

function noGpu(cluster: string, gpu: GpuRequest, pools: Pools): Misfit {
  const kinds = gpuKinds(gpu.kind).join(" or ");
  const most = Math.max(0, ...fittingPools({ ...gpu, count: 1 }, pools).map(([, { gpusPerNode }]) => gpusPerNode));
  return {
    fitting: most,
    problem: {
      path: "server.gpu",
      reason:
        `${gpu.count} × ${kinds}${gpu.slice === undefined ? "" : ` (${gpu.slice})`} in one pod, but the nodes of ` +
        `cluster "${cluster}" have ${most} at most.`,
      fix: `Declare a pool with that GPU under clusters["${cluster}"].gpuPools, or ask for less.`,
    },
  };
}

function noRoom(cluster: string, server: Server, nodes: readonly Nodes[]): Misfit {
  const vcpu = Math.max(...nodes.map((one) => one.vcpu));
  const memoryGiB = Math.max(...nodes.map((one) => one.memoryGiB));
  const larger =
    server.gpu === undefined
      ? "larger nodes for what needs no GPU, where the cloud has systemMachine"
      : `a larger machine under clusters["${cluster}"].gpuPools`;
  const isCpu = cores(server.cpu) > vcpu - reserved.cores;
  return {
    fitting: isCpu ? vcpu : memoryGiB,
    problem: {
      path: isCpu ? "server.cpu" : "server.memory",
      reason:
        `one pod asks for ${server.cpu} of CPU and ${server.memory}, but the largest fitting nodes of cluster ` +
        `"${cluster}" have ${vcpu} vCPU and ${memoryGiB} GiB, of which the node itself takes ${reserved.cores} and ` +
        `${reserved.memoryShare * 100} %.`,
      fix: `Ask for less, or declare ${larger}.`,
    },
  };
}

function tooMany(cluster: string, { gpu }: Server, replicas: number, most: number): Misfit {
  const raise = gpu === undefined ? undefined : `raise max of a pool under clusters["${cluster}"].gpuPools`;
  const lower = most >= 2 ? `write at most ${Math.floor(most / 2)}` : undefined;
  const ways = [lower, raise].filter((way) => way !== undefined).join(", or ");
  return {
    fitting: most,
    problem: {
      path: "replicas",
      reason:
        `${replicas} pods and as many of the next version during a release are ${2 * replicas}, but the ` +
        `${gpu === undefined ? "nodes without GPUs" : "pools"} of cluster "${cluster}" have room for ${most} at their maximum.`,
      fix: sentence(ways === "" ? "ask for less in server" : ways),
    },
  };
}

function gib(bytes: number): number {
  return Math.round((bytes / 2 ** 30) * 10) / 10;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
