import { cudaMajors } from "../../components/core/versions/drivers.ts";
import { defineCheck, failed, few, notApplicable, passed, warning } from "../check.ts";
import type { NodeFacts } from "../clusterFacts.ts";
import { type ClusterNeeds, poolsOf } from "../clusterNeeds.ts";
import { offeredGpus, type PoolNodes, poolNodes } from "../gpuNodes.ts";
import { noPools } from "./pools.ts";

/** The CUDA version that Triton's images are built with. */
const { minimumBranch } = cudaMajors[13];

/** The driver comes from where it is declared to come from, and is new enough for Triton. */
export const driver = defineCheck({
  name: "driver",
  title: "driver",
  madeBy: "cluster",
  reads: ["nodes"],
  unneeded: noPools,
  needed: (needs) => `R${minimumBranch} or later, from ${owners(needs)}`,
  compare: ({ nodes }, needs) => {
    const found = poolNodes(needs, nodes);
    if (found.every((pool) => pool.nodes.length === 0)) return notApplicable("there is no GPU node yet");
    const all = found.flatMap((pool) => pool.nodes);

    const twice = found
      .filter(({ pool }) => pool.driver.owner === "operator")
      .flatMap((pool) => pool.nodes.filter(({ labels }) => labels["nvidia.com/gpu.deploy.driver"] === "pre-installed"));
    if (twice.length > 0) {
      return failed(
        `a driver is installed on ${few(twice.map(({ name }) => name))}, which the GPU operator leaves alone`,
        'Declare driver: { owner: "preinstalled", version }, or remove the driver from the nodes.',
      );
    }
    const absent = found
      .filter(({ pool }) => pool.driver.owner === "preinstalled")
      .flatMap(({ nodes: its }) => its.filter(isWithoutDriver));
    if (absent.length > 0) {
      return failed(
        `no driver on ${few(absent.map(({ name }) => name))}: the device plugin runs and offers no GPU`,
        'Install the driver on the nodes, or declare driver: { owner: "operator" }.',
      );
    }
    const wrong = found.flatMap(otherVersions);
    if (wrong.length > 0) return failed(few(wrong), "Declare the version that nvidia-smi prints on the nodes.");
    const old = all.filter((node) => Number.parseInt(driverVersion(node) ?? "", 10) < minimumBranch);
    if (old.length > 0) {
      return failed(
        few(old.map((node) => `${node.name}: ${driverVersion(node)}`)),
        `Triton's CUDA 13 needs branch R${minimumBranch}: upgrade the driver of these nodes.`,
      );
    }
    const versions = [...new Set(all.flatMap((node) => driverVersion(node) ?? []))];
    if (versions.length > 0) return passed(few(versions));
    return found.some(({ pool }) => pool.driver.owner === "preinstalled")
      ? warning("no node tells its version before feature discovery runs", "Look at it with nvidia-smi on a node.")
      : passed("comes with the nodes' set-up");
  },
});

function owners(needs: ClusterNeeds): string {
  const names = { cloud: "the cloud", operator: "the GPU operator", preinstalled: "the node image" } as const;
  return [...new Set(poolsOf(needs).map(([, pool]) => names[pool.driver.owner]))].join(" and ");
}

/** The version as GPU feature discovery writes it. */
function driverVersion({ labels }: NodeFacts): string | undefined {
  return labels["nvidia.com/cuda.driver-version.full"] ?? labels["nvidia.com/cuda.driver.major"];
}

/** The device plugin has registered its resource and offers none, because no driver answers. */
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
