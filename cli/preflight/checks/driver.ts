import { defineCheck, failed, few, notApplicable, passed } from "../check.ts";
import type { NodeFacts } from "../clusterFacts.ts";
import { cudaDriverBranch } from "../clusterNeeds.ts";
import { offeredGpus, type PoolNodes, poolNodes } from "../gpuNodes.ts";
import { noPools, noPoolsDeclared } from "./pools.ts";

/** The driver is whose it is declared to be, and new enough for Triton. */
export const driver = defineCheck({
  name: "driver",
  title: "driver",
  reads: ["nodes"],
  judge: ({ nodes }, needs) => {
    if (noPools(needs)) return notApplicable(noPoolsDeclared);
    const found = poolNodes(needs, nodes);
    const needed = `R${cudaDriverBranch} or later, from ${owners(found)}`;
    if (found.every((pool) => pool.nodes.length === 0)) return notApplicable("there is no GPU node yet");
    const all = found.flatMap((pool) => pool.nodes);

    const twice = found
      .filter(({ pool }) => pool.driver.owner === "operator")
      .flatMap((pool) => pool.nodes.filter(({ labels }) => labels["nvidia.com/gpu.deploy.driver"] === "pre-installed"));
    if (twice.length > 0) {
      return failed(
        `a driver is installed on ${few(twice.map(({ name }) => name))}, which the GPU operator leaves alone`,
        needed,
        'Declare driver: { owner: "preinstalled", version }, or remove the driver from the nodes.',
      );
    }
    const absent = found
      .filter(({ pool }) => pool.driver.owner === "preinstalled")
      .flatMap(({ nodes: its }) => its.filter(isWithoutDriver));
    if (absent.length > 0) {
      return failed(
        `no driver on ${few(absent.map(({ name }) => name))}: the device plugin runs and offers no GPU`,
        needed,
        'Install the driver on the nodes, or declare driver: { owner: "operator" }.',
      );
    }
    const wrong = found.flatMap(otherVersions);
    if (wrong.length > 0) return failed(few(wrong), needed, "Declare the version that nvidia-smi prints on the nodes.");
    const old = all.filter((node) => Number.parseInt(driverVersion(node) ?? "", 10) < cudaDriverBranch);
    if (old.length > 0) {
      return failed(
        few(old.map((node) => `${node.name}: ${driverVersion(node)}`)),
        needed,
        `Triton's CUDA 13 needs branch R${cudaDriverBranch}: upgrade the driver of these nodes.`,
      );
    }
    const versions = [...new Set(all.flatMap((node) => driverVersion(node) ?? []))];
    return passed(versions.length === 0 ? "not told before feature discovery runs" : few(versions), needed);
  },
});

function owners(pools: readonly PoolNodes[]): string {
  const names = { cloud: "the cloud", operator: "the GPU operator", preinstalled: "the node image" } as const;
  return [...new Set(pools.map(({ pool }) => names[pool.driver.owner]))].join(" and ");
}

/** As GPU feature discovery tells it. */
function driverVersion({ labels }: NodeFacts): string | undefined {
  return labels["nvidia.com/cuda.driver-version.full"] ?? labels["nvidia.com/cuda.driver.major"];
}

/** The device plugin has registered its resource and found nothing to offer: the driver does not answer. */
function isWithoutDriver(node: NodeFacts): boolean {
  return "nvidia.com/gpu" in node.capacity && offeredGpus(node) === 0 && driverVersion(node) === undefined;
}

function otherVersions({ name, pool, nodes }: PoolNodes): string[] {
  if (pool.driver.owner !== "preinstalled") return [];
  const { version } = pool.driver;
  return nodes.flatMap((node) => {
    const found = driverVersion(node);
    if (found === undefined || version === found || version.startsWith(`${found}.`)) return [];
    return [`${node.name} has ${found}, and pool ${name} declares ${version}`];
  });
}
