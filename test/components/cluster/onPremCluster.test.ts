import { expect, it } from "vitest";
import { validateOnPremCluster } from "../../../components/cluster/onPremCluster.ts";

const sound = { kubeconfig: "…", clusterIdentifier: "serin/dc-lab" };

it("has nothing to say about a cluster with an identity", () => {
  expect(validateOnPremCluster({ ...sound, gpuPools: { l4: { gpu: "L4", gpusPerNode: 1, nodes: 0 } } })).toEqual([]);
});

it("wants an identity, and whole numbers of nodes and GPUs", () => {
  const paths = validateOnPremCluster({
    ...sound,
    clusterIdentifier: "",
    gpuPools: { l4: { gpu: "L4", gpusPerNode: 0.5, nodes: -1 } },
  }).map(({ path }) => path);
  expect(paths).toEqual(["clusterIdentifier", "gpuPools.l4.gpusPerNode", "gpuPools.l4.nodes"]);
});
