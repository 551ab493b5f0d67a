import { expect, it } from "vitest";
import type { AksDeclaration } from "../../../../components/cluster/aks/aksArgs.ts";
import { validateAksCluster } from "../../../../components/cluster/aks/aksProblems.ts";
import { azureRuleBook, resourceProviders } from "../../../../components/cluster/aks/azureRuleBook.ts";
import { recorded } from "../harness.ts";
import { build, sampleArgs } from "./sample.ts";

/** Modules of azure-native that are named otherwise than the resource provider. */
const otherwise: Readonly<Record<string, string>> = { monitor: "insights" };
/** Every subscription has them: Azure documentation, "Azure resource providers and types". */
const always = ["microsoft.authorization", "microsoft.resources"];

it("asks for every resource provider that the component's resources need, and for no other (pulumi-azure-native #3479)", async () => {
  const { resources } = await recorded(() => {
    const { workloadIdentity } = build();
    workloadIdentity.bind("models", "fraud", { access: "write", prefix: "fraud" });
    return {};
  });
  const modules = resources.flatMap(({ type }) => /^azure(?:-native)?:(\w+)[:/]/.exec(type)?.[1] ?? []);
  const used = new Set(modules.map((module) => `microsoft.${otherwise[module] ?? module}`));
  const asked = resourceProviders.map((name) => name.toLowerCase());
  expect([...asked, ...always].sort()).toEqual([...used].sort());
  expect(azureRuleBook["resource-providers"].command()).toBe(
    `for p in ${resourceProviders.join(" ")}; do az provider register --wait --namespace $p; done`,
  );
});

it("says how to see the zones of each size of a cluster, once (Azure/AKS #1444)", () => {
  expect(azureRuleBook["zones-of-sizes"].command(sampleArgs as AksDeclaration)).toBe(
    "az vm list-skus --location westeurope --resource-type virtualMachines --zone --all --query " +
      "\"[?name=='Standard_D4ds_v5' || name=='Standard_NC16as_T4_v3' || name=='Standard_NC24ads_A100_v4' || " +
      "name=='Standard_NV36ads_A10_v5' || name=='Standard_ND96isr_H100_v5']" +
      '.{size:name,zones:locationInfo[0].zones,restrictions:restrictions[].reasonCode}"',
  );
});

const reasonsOf = (change: Partial<AksDeclaration>) =>
  validateAksCluster({ ...sampleArgs, ...change }).map(({ path, reason }) => `${path}: ${reason}`);

it.each([
  ["Standard_D4pds_v5", "has an Arm64 processor, on which AKS has no Trusted Launch"],
  ["Standard_E8ps_v6", "has an Arm64 processor, on which AKS has no Trusted Launch"],
  ["Standard_A4_v2", "is a machine without Trusted Launch, which needs generation 2"],
  ["Standard_D4_v3", "is a machine without Trusted Launch, which needs generation 2"],
  ["Standard_D3_v2", "is a machine without Trusted Launch, which needs generation 2"],
  ["Standard_DC4as_v5", "is a machine without Trusted Launch, which needs generation 2"],
  ["Standard_B4ms", "is of the B family or has less than 4 vCPU, which AKS refuses for a system pool"],
  ["Standard_D2ds_v5", "is of the B family or has less than 4 vCPU, which AKS refuses for a system pool"],
])("refuses %s for the system pool, which has Trusted Launch", (systemMachine, why) => {
  expect(reasonsOf({ systemMachine })).toEqual([`systemMachine: "${systemMachine}" ${why}.`]);
});

it.each([
  "Standard_D4ds_v5",
  "Standard_D8s_v3",
  "Standard_DS3_v2",
  "Standard_D4_v5",
  "Standard_E8-4ds_v5",
  "Standard_F8s_v2",
])("takes %s for the system pool", (systemMachine) => {
  expect(reasonsOf({ systemMachine })).toEqual([]);
});

it("has nodes at the control plane's version or one behind, never ahead", () => {
  expect(reasonsOf({ kubernetesVersion: "1.35", nodesVersion: "1.34" })).toEqual([]);
  expect(reasonsOf({ kubernetesVersion: "1.35", nodesVersion: "1.35" })).toEqual([]);
  expect(validateAksCluster({ ...sampleArgs, kubernetesVersion: "1.34", nodesVersion: "1.35" })).toEqual([
    {
      path: "nodesVersion",
      reason: '"1.35" is not the control plane\'s "1.34" or the minor version before.',
      fix: 'Write "1.34".',
    },
  ]);
});
