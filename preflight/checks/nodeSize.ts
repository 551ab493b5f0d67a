import type { GpuPool } from "../../components/cluster/gpuPool.ts";
import { floor } from "../../components/cluster/machines/machineProblems.ts";
import { type Check, defineCheck, failed, few, notApplicable, passed } from "../check.ts";
import type { NodeFacts } from "../clusterFacts.ts";
import { memoryTolerance } from "../clusterNeeds.ts";
import { amount, type PoolNodes, poolNodes } from "../gpuNodes.ts";
import { noPools } from "./pools.ts";

const gib = 2 ** 30;

/** Every GPU node has the cores that models need at least, and those its pool declares. */
export const cpu = sizeCheck({
  name: "cpu",
  title: "CPU",
  unit: "vCPU",
  least: floor.vcpu,
  tolerance: 0,
  declared: ({ vcpu }) => vcpu,
  has: ({ capacity }) => amount(capacity.cpu),
});

/** Every GPU node has the memory it needs. A node of 32 GiB reports about 31: firmware and the kernel keep the rest. */
export const memory = sizeCheck({
  name: "memory",
  title: "memory",
  unit: "GiB",
  least: floor.memoryGiB,
  tolerance: memoryTolerance,
  declared: ({ memoryGiB }) => memoryGiB,
  has: ({ capacity }) => amount(capacity.memory) / gib,
});

interface Size {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  /** The floor of every GPU node. */
  readonly least: number;
  /** The share that may be missing. */
  readonly tolerance: number;
  declared(pool: GpuPool): number;
  has(node: NodeFacts): number;
}

function sizeCheck({ name, title, unit, least, tolerance, declared, has }: Size): Check {
  return defineCheck({
    name,
    title,
    madeBy: "cluster",
    reads: ["nodes"],
    unneeded: noPools,
    needed: () =>
      `at least ${least} ${unit} on each GPU node${tolerance === 0 ? "" : `, ${least * (1 - tolerance)} as reported`}`,
    compare: ({ nodes }, needs) => {
      const pools = poolNodes(needs, nodes);
      const all = pools.flatMap((pool) => pool.nodes);
      if (all.length === 0) return notApplicable("there is no GPU node yet");
      const small = pools.flatMap((pool) => tooSmall(pool));
      if (small.length > 0) {
        const fix = "Take larger nodes; for a node that is large enough for you, declare the pool as it is.";
        return failed(few(small), small.some((text) => text.includes("declares")) ? fix : "Take larger nodes.");
      }
      const smallest = Math.min(...all.map(has));
      return passed(`${round(smallest)} ${unit} on the smallest of ${all.length}`);
    },
  });

  function tooSmall({ name: poolName, pool, nodes }: PoolNodes): string[] {
    const enough = Math.max(least, declared(pool)) * (1 - tolerance);
    return nodes
      .filter((node) => has(node) < enough)
      .map((node) => {
        const claim = declared(pool) > least ? `, and pool ${poolName} declares ${declared(pool)}` : "";
        return `${node.name} has ${round(has(node))} ${unit}${claim}`;
      });
  }
}

function round(value: number): string {
  return String(Math.floor(value * 10) / 10);
}
