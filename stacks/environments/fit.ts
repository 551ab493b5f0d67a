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

/**
 * What of a model does not fit on the GPU pools of a cluster, by the path below the model. A model is deployed to every
 * cluster. The nodes of models without a GPU are not declared, so nothing is known of their room.
 */
export function fitProblems({ server, replicas }: Model, clusters: Clusters): Problem[] {
  const { gpu } = server;
  if (gpu === undefined) return [];
  return Object.entries(clusters).flatMap(([name, spec]) => {
    const pools = cloudOf(spec).gpuPools(spec);
    const fitting = fittingPools(gpu, pools).map(([, pool]) => pool);
    if (fitting.length === 0) return [noGpu(name, gpu, pools)];
    const roomy = fitting.filter((pool) => podsPerNode(server, gpu, pool) > 0);
    if (roomy.length === 0) return [noRoom(name, server, fitting)];
    const most = roomy.reduce((total, pool) => total + pool.max * podsPerNode(server, gpu, pool), 0);
    // During a release the new version has as many pods as the old one, which keeps its own.
    const needed = 2 * replicas;
    return needed <= most
      ? []
      : [
          {
            path: "replicas",
            reason:
              `${replicas} pods and as many of the next version during a release are ${needed}, but the pools of cluster ` +
              `"${name}" have room for ${most} at their maximum.`,
            fix:
              most >= 2
                ? `Write at most ${Math.floor(most / 2)}, or raise max of a pool under clusters["${name}"].gpuPools.`
                : `Raise max of a pool under clusters["${name}"].gpuPools.`,
          },
        ];
  });
}

/** What all models together need of a cluster's GPUs, when none is being released. */
export function totalFitProblems(models: Readonly<Record<string, Model>>, clusters: Clusters): Problem[] {
  const asking = Object.entries(models).flatMap(([name, { server, replicas }]) =>
    server.gpu === undefined ? [] : [{ name, gpu: server.gpu, replicas }],
  );
  return Object.entries(clusters).flatMap(([cluster, spec]) => {
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
  });
}

/**
 * The kubelet, the sidecar and the exporters of a node take about one core and a tenth of the memory that its machine
 * is sold with.
 */
const reserved = { cores: 1, memoryShare: 0.1 } as const;

/** How many pods of a server one node of a pool can run at once. */
function podsPerNode({ cpu, memory }: Model["server"], { count }: GpuRequest, pool: GpuPool): number {
  const byCpu = (pool.vcpu - reserved.cores) / cores(cpu);
  const byMemory = (pool.memoryGiB * 2 ** 30 * (1 - reserved.memoryShare)) / byteCount(memory);
  return Math.floor(Math.min(pool.gpusPerNode / count, byCpu, byMemory));
}

function noGpu(cluster: string, gpu: GpuRequest, pools: Pools): Problem {
  const kinds = gpuKinds(gpu.kind).join(" or ");
  const most = Math.max(0, ...fittingPools({ ...gpu, count: 1 }, pools).map(([, { gpusPerNode }]) => gpusPerNode));
  return {
    path: "server.gpu",
    reason: `${gpu.count} × ${kinds}${gpu.slice === undefined ? "" : ` (${gpu.slice})`} in one pod, but the nodes of cluster "${cluster}" have ${most} at most.`,
    fix: `Declare a pool with that GPU under clusters["${cluster}"].gpuPools, or ask for less.`,
  };
}

function noRoom(cluster: string, { cpu, memory }: Model["server"], pools: readonly GpuPool[]): Problem {
  const vcpu = Math.max(...pools.map((pool) => pool.vcpu));
  const memoryGiB = Math.max(...pools.map((pool) => pool.memoryGiB));
  return {
    path: cores(cpu) > vcpu - reserved.cores ? "server.cpu" : "server.memory",
    reason:
      `one pod asks for ${cpu} cores and ${memory}, but the largest fitting nodes of cluster "${cluster}" have ` +
      `${vcpu} vCPU and ${memoryGiB} GiB, of which the node itself takes ${reserved.cores} and ${reserved.memoryShare * 100} %.`,
    fix: `Ask for less, or declare a larger machine under clusters["${cluster}"].gpuPools.`,
  };
}
