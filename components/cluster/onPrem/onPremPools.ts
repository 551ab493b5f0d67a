import { type Problem, unknownChoice } from "../../core/problem.ts";
import { countProblems } from "../../core/quantity.ts";
import { type Driver, defaultSharing, type GpuPool, gpuTaint, type Sharing, sharesPerGpu } from "../gpuPool.ts";
import { isLabelKey, isLabelValue } from "../labels.ts";
import { type GpuModel, gpuFacts, gpus } from "../machines/gpus.ts";
import { floor, oldestComputeCapability } from "../machines/machineProblems.ts";
import { sharingProblems } from "../poolSharing.ts";
import { onPremRules } from "./onPremRules.ts";

/**
 * Like GPU nodes that are there. Nothing here makes, labels or changes a node, so changing a pool replaces nothing;
 * models that no longer fit are refused.
 */
export interface OnPremGpuPool {
  /** The model of the GPUs. */
  readonly gpu: GpuModel;
  /** Physical GPUs of each node, at least 1. */
  readonly gpusPerNode: number;
  /** At least 0. */
  readonly nodes: number;
  /** Of each node, at least 8. */
  readonly vcpu: number;
  /** Of each node as it is sold, at least 32; it reports some 3 to 10 % less. */
  readonly memoryGiB: number;
  /** How the site gives its GPUs to pods. @default `{ kind: "exclusive" }` */
  readonly sharing?: Sharing;
  /** @default `{ owner: "operator" }`: the GPU operator keeps the driver in step with what it installs */
  readonly driver?: Extract<Driver, { owner: "operator" | "preinstalled" }>;
  /**
   * What selects the pool's nodes, and no other pool's.
   * @default what GPU feature discovery labels them with, where it has one name for the model
   */
  readonly nodeSelector?: Readonly<Record<string, string>>;
}

/** Everything wrong with a pool, by the path its owner typed below the pool. */
export function onPremPoolProblems(pool: OnPremGpuPool): Problem[] {
  if (!(pool.gpu in gpus)) return [unknownChoice("gpu", pool.gpu, Object.keys(gpus))];
  const { gpu, sharing = defaultSharing, driver = defaultDriver } = pool;
  return [
    ...modelProblems(gpu),
    ...countProblems("gpusPerNode", pool.gpusPerNode, 1),
    ...countProblems("nodes", pool.nodes, 0),
    ...belowFloor("vcpu", pool.vcpu, floor.vcpu, "vCPU"),
    ...belowFloor("memoryGiB", pool.memoryGiB, floor.memoryGiB, "GiB"),
    ...sharingProblems(onPremRules, sharing, gpu),
    ...driverProblems(driver),
    ...(pool.nodeSelector === undefined ? productProblems(gpu, sharing) : selectorProblems(pool.nodeSelector)),
  ];
}

/** Pools of one cluster whose nodes cannot be told apart: a node would be counted, and shared, twice. */
export function overlappingPools(pools: Readonly<Record<string, OnPremGpuPool>>): Problem[] {
  const selectors = Object.entries(pools).map(([key, pool]) => [key, selectorOf(pool)] as const);
  return selectors.flatMap(([key, selector]) =>
    selectors
      .filter(([other, otherSelector]) => other !== key && covers(selector, otherSelector))
      // Two equal selectors cover each other; one report is enough.
      .filter(([other, otherSelector]) => !covers(otherSelector, selector) || key < other)
      .map(([other]) => ({
        path: `gpuPools["${key}"].nodeSelector`,
        reason: `${JSON.stringify(selector)} selects the nodes of pool "${other}", too.`,
        fix: "Label the nodes of one of them and select by that label.",
      })),
  );
}

/** What the cluster publishes of a pool. Nodes do not come and go, so there are as many at least as at most. */
export function publishedOnPremPool(pool: OnPremGpuPool): GpuPool {
  const { gpu, nodes, vcpu, memoryGiB, sharing = defaultSharing, driver = defaultDriver } = pool;
  return {
    gpu,
    gpusPerNode: pool.gpusPerNode * sharesPerGpu(gpu, sharing),
    min: nodes,
    max: nodes,
    sharing,
    driver,
    vcpu,
    memoryGiB,
    spot: false,
    nodeSelector: selectorOf(pool),
    taints: [gpuTaint],
  };
}

const defaultDriver = { owner: "operator" } as const satisfies Driver;

function selectorOf({ gpu, sharing = defaultSharing, nodeSelector }: OnPremGpuPool): Readonly<Record<string, string>> {
  return nodeSelector ?? discoveredLabels(gpuFacts(gpu).products?.[0] ?? gpu, sharing);
}

const product = "nvidia.com/gpu.product";
const strategy = "nvidia.com/gpu.sharing-strategy";

/**
 * The labels of GPU feature discovery that tell one model shared in one way from every other: a MIG profile (strategy
 * `single`) and sharing are appended to the product. NVIDIA/k8s-device-plugin `internal/lm/resource.go` at 1b826acc.
 */
function discoveredLabels(name: string, sharing: Sharing): Readonly<Record<string, string>> {
  switch (sharing.kind) {
    case "exclusive":
      return { [product]: name };
    case "mig":
      return { [product]: `${name}-MIG-${sharing.profile}` };
    case "timeSlicing":
      return { [product]: `${name}-SHARED`, [strategy]: "time-slicing" };
    case "mps":
      return { [product]: `${name}-SHARED`, [strategy]: "mps" };
  }
}

function covers(selector: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  return Object.entries(selector).every(([key, value]) => other[key] === value);
}

function modelProblems(gpu: GpuModel): Problem[] {
  const { computeCapability } = gpuFacts(gpu);
  return computeCapability >= oldestComputeCapability
    ? []
    : [
        {
          path: "gpu",
          reason: `a ${gpu} has compute capability ${computeCapability.toFixed(1)}, but current Triton needs ${oldestComputeCapability}.`,
          fix: "Leave the pool out.",
        },
      ];
}

function belowFloor(path: string, value: number, least: number, unit: string): Problem[] {
  return Number.isFinite(value) && value >= least
    ? []
    : [
        {
          path,
          reason: `${value} ${unit} is below ${least}, the least of a GPU node: the model server and what runs beside it.`,
          fix: "Leave smaller nodes out of the pool.",
        },
      ];
}

function driverProblems(driver: Driver): Problem[] {
  const owners = ["operator", "preinstalled"];
  if (!owners.includes(driver.owner)) return [unknownChoice("driver.owner", driver.owner, owners)];
  const version = "version" in driver ? driver.version : undefined;
  if (version === undefined && driver.owner === "operator") return [];
  return /^\d{3}\.\d{2,3}(\.\d{2})?$/.test(version ?? "")
    ? []
    : [
        {
          path: "driver.version",
          reason: `"${version ?? ""}" is not a full driver version.`,
          fix: 'Write what nvidia-smi prints, for example "580.159.03".',
        },
      ];
}

/** Two names for one model, or none that is confirmed: only the owner of the nodes knows. */
function productProblems(gpu: GpuModel, sharing: Sharing): Problem[] {
  const names = gpuFacts(gpu).products ?? [];
  if (names.length === 1) return [];
  return [
    {
      path: "nodeSelector",
      reason:
        names.length === 0
          ? `there is none, and the name that GPU feature discovery gives a ${gpu} is not confirmed.`
          : `there is none, and a ${gpu} is sold as ${names.join(" and ")}.`,
      fix: `Write what the nodes are labelled with, for example ${JSON.stringify(discoveredLabels(names[0] ?? "NVIDIA-…", sharing))}.`,
    },
  ];
}

function selectorProblems(selector: Readonly<Record<string, string>>): Problem[] {
  const entries = Object.entries(selector);
  if (entries.length === 0) {
    return [
      {
        path: "nodeSelector",
        reason: "it is empty, so it selects every node of the cluster.",
        fix: "Leave it out, or name a label of the pool's nodes.",
      },
    ];
  }
  return entries
    .filter(([key, value]) => !isLabelKey(key) || !isLabelValue(value))
    .map(([key, value]) => ({
      path: `nodeSelector["${key}"]`,
      reason: `"${key}=${value}" is not a Kubernetes label.`,
      fix: "Write a label as kubectl get nodes --show-labels prints it.",
    }));
}

/** The pools as the cluster publishes them. */
export function onPremGpuPools({
  gpuPools = {},
}: {
  readonly gpuPools?: Readonly<Record<string, OnPremGpuPool>>;
}): Readonly<Record<string, GpuPool>> {
  return Object.fromEntries(Object.entries(gpuPools).map(([key, pool]) => [key, publishedOnPremPool(pool)]));
}
