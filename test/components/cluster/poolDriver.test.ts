import { expect, it } from "vitest";
import { azureMachines } from "../../../components/cluster/aks/azureMachines.ts";
import { azureRules } from "../../../components/cluster/aks/azureRules.ts";
import { awsMachines } from "../../../components/cluster/eks/awsMachines.ts";
import { awsRules } from "../../../components/cluster/eks/awsRules.ts";
import { gcpMachines } from "../../../components/cluster/gke/gcpMachines.ts";
import { gcpRules } from "../../../components/cluster/gke/gcpRules.ts";
import { poolDriver } from "../../../components/cluster/poolDriver.ts";

const size = { min: 0, max: 1 };
const a100 = { ...size, machine: "Standard_NC24ads_A100_v4" };

it("is the cloud's where the node image brings it", () => {
  expect(poolDriver(awsRules, { ...size, machine: "g6.2xlarge" }, awsMachines["g6.2xlarge"])).toEqual({
    owner: "cloud",
  });
  expect(poolDriver(gcpRules, { ...size, machine: "g2-standard-8" }, gcpMachines["g2-standard-8"])).toEqual({
    owner: "cloud",
  });
});

it("is the operator's on AKS, unless its nodes need Azure's", () => {
  const vgpu = { ...size, machine: "Standard_NV36ads_A10_v5" };
  const sliced = { ...a100, sharing: { kind: "mig", profile: "1g.10gb" } } as const;
  expect([
    poolDriver(azureRules, a100, azureMachines.Standard_NC24ads_A100_v4),
    poolDriver(azureRules, vgpu, azureMachines.Standard_NV36ads_A10_v5),
    poolDriver(azureRules, sliced, azureMachines.Standard_NC24ads_A100_v4),
  ]).toEqual([{ owner: "operator" }, { owner: "cloud" }, { owner: "cloud" }]);
});

it("is who the pool says", () => {
  const driver = { owner: "operator", version: "580.173.02" } as const;
  expect(poolDriver(azureRules, { ...a100, driver }, azureMachines.Standard_NC24ads_A100_v4)).toEqual(driver);
});
