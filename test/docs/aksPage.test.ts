import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { prod } from "../../stacks/environments/prod.ts";
import { build, sampleArgs, sampleName } from "../components/cluster/aks/sample.ts";
import { inputsOf, recorded } from "../components/cluster/harness.ts";

const page = readFileSync("docs/clusters/aks.md", "utf8");
const sample = await recorded(() => {
  build({ ...sampleArgs, gpuPools: {} });
  return {};
});

it("names in its commands what the cluster of prod is made as", () => {
  const { resourceGroupName, resourceName, agentPoolProfiles } = inputsOf(
    sample,
    "azure-native:containerservice:ManagedCluster",
  );
  const { virtualNetworkName } = inputsOf(sample, "azure-native:network:VirtualNetwork");
  const [pool] = agentPoolProfiles as { name: string }[];
  expect(sampleName).toBe(`prod-${Object.keys(prod.clusters).find((key) => key.startsWith("azure"))}`);
  expect(page).toContain(`--resource-group ${resourceGroupName} --vnet-name ${virtualNetworkName}`);
  expect(page).toContain(`--resource-group ${resourceGroupName} --cluster-name ${resourceName} --name ${pool?.name}`);
});
