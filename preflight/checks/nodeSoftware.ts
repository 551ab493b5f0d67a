import { defineCheck, failed, few, notApplicable, passed, warning } from "../check.ts";
import type { NodeFacts } from "../clusterFacts.ts";
import { type ClusterNeeds, poolsOf } from "../clusterNeeds.ts";
import { gpuNodes, poolNodes } from "../gpuNodes.ts";
import { noPools } from "./pools.ts";

/** NVIDIA/cloud-native-docs `gpu-operator/platform-support.rst` at 52dcb7b8: GPU Operator 26.7. */
const containerd = { from: [1, 8], to: [2, 3] } as const;
const systems = [
  /^Ubuntu (22|24|26)\.04/,
  /^Red Hat Enterprise Linux (CoreOS|8\.|9\.|10\.)/,
  /^Red Hat Enterprise Linux (8|9|10)\b/,
  /^Rocky Linux (8|9|10)\b/,
  /^SUSE Linux Enterprise Server (15|16)/,
];

/**
 * The container toolkit of the GPU operator can configure the container runtime. Where the node image brings the
 * toolkit, any runtime for Kubernetes will do.
 */
export const runtime = defineCheck({
  name: "runtime",
  title: "runtime",
  madeBy: "cluster",
  reads: ["nodes"],
  unneeded: noPools,
  needed: (needs) =>
    isOperatorUsed(needs)
      ? `containerd ${containerd.from.join(".")} to ${containerd.to.join(".")}, or CRI-O`
      : "containerd or CRI-O",
  compare: ({ nodes: all }, needs) => {
    const nodes = gpuNodes(needs, all);
    if (nodes.length === 0) return notApplicable("there is no GPU node yet");
    const byOperator = new Set(operatorNodes(needs, nodes));
    const unfit = nodes.filter((node) => !isRuntimeFit(node, byOperator.has(node)));
    if (unfit.length === 0) return passed(distinct(nodes, ({ containerRuntimeVersion }) => containerRuntimeVersion));
    return failed(
      few(unfit.map(({ name, nodeInfo }) => `${name}: ${nodeInfo.containerRuntimeVersion}`)),
      "Upgrade the container runtime of these nodes.",
    );
  },
});

/** Nodes run Linux for amd64, and one release that the GPU operator has a driver for, if it installs the driver. */
export const operatingSystem = defineCheck({
  name: "operatingSystem",
  title: "operating system",
  madeBy: "cluster",
  reads: ["nodes"],
  unneeded: noPools,
  needed: (needs) =>
    `Linux, amd64${isOperatorUsed(needs) ? "; one release of Ubuntu 22.04 to 26.04, RHEL, Rocky Linux or SLES for the driver container" : ""}`,
  compare: ({ nodes: all }, needs) => {
    const nodes = gpuNodes(needs, all);
    if (nodes.length === 0) return notApplicable("there is no GPU node yet");
    const byOperator = operatorNodes(needs, nodes);
    const foreign = nodes.filter(
      ({ nodeInfo }) => nodeInfo.operatingSystem !== "linux" || nodeInfo.architecture !== "amd64",
    );
    if (foreign.length > 0) {
      return failed(
        few(foreign.map(({ name, nodeInfo }) => `${name}: ${nodeInfo.operatingSystem}/${nodeInfo.architecture}`)),
        "Triton's image is for linux/amd64: take other nodes, or select around these by the pool's nodeSelector.",
      );
    }
    const unknown = byOperator.filter(({ nodeInfo }) => !systems.some((system) => system.test(nodeInfo.osImage)));
    if (unknown.length > 0) {
      return failed(
        few(unknown.map(({ name, nodeInfo }) => `${name}: ${nodeInfo.osImage}`)),
        'The GPU operator has no driver container for it. Install the driver on the nodes and declare driver: { owner: "preinstalled" }.',
      );
    }
    const images = distinct(byOperator, ({ osImage }) => release(osImage));
    if (new Set(byOperator.map(({ nodeInfo }) => release(nodeInfo.osImage))).size > 1) {
      return failed(
        images,
        'One driver container serves one release: bring the nodes to one, or install the driver on the others and declare driver: { owner: "preinstalled" }.',
      );
    }
    const kernels = new Set(byOperator.map(({ nodeInfo }) => nodeInfo.kernelVersion));
    if (kernels.size > 1) {
      return warning(
        `kernels ${few([...kernels])}`,
        "The driver is built for each kernel anew, which takes minutes at a node's start: bring the nodes to one kernel.",
      );
    }
    return passed(distinct(nodes, ({ osImage }) => osImage));
  },
});

/** `Ubuntu 24.04` of `Ubuntu 24.04.3 LTS`: driver containers are for a release, not for its point releases. */
function release(osImage: string): string {
  return /^(.*?\d+(\.\d+)?)/.exec(osImage)?.[1] ?? osImage;
}

function isRuntimeFit({ nodeInfo }: NodeFacts, byOperator: boolean): boolean {
  const [, name, major, minor] = /^(containerd|cri-o):\/\/v?(\d+)\.(\d+)/.exec(nodeInfo.containerRuntimeVersion) ?? [];
  if (name === undefined) return false;
  if (name === "cri-o" || !byOperator) return true;
  const version = Number(major) * 100 + Number(minor);
  return version >= number(containerd.from) && version <= number(containerd.to);
}

function number([major, minor]: readonly [number, number]): number {
  return major * 100 + minor;
}

/** Nodes where the operator installs the driver and the container toolkit. */
function operatorNodes(needs: ClusterNeeds, nodes: readonly NodeFacts[]): NodeFacts[] {
  return poolNodes(needs, nodes)
    .filter(({ pool }) => pool.driver.owner === "operator")
    .flatMap((pool) => pool.nodes);
}

function distinct(nodes: readonly NodeFacts[], of: (nodeInfo: NodeFacts["nodeInfo"]) => string): string {
  return few([...new Set(nodes.map(({ nodeInfo }) => of(nodeInfo)))]);
}

function isOperatorUsed(needs: ClusterNeeds): boolean {
  return poolsOf(needs).some(([, { driver }]) => driver.owner === "operator");
}
