import { expect, it } from "vitest";
import { azureRules } from "../../../components/cluster/aks/azureRules.ts";
import { deviceLabels } from "../../../components/cluster/deviceLabels.ts";
import { awsRules } from "../../../components/cluster/eks/awsRules.ts";
import { gcpRules } from "../../../components/cluster/gke/gcpRules.ts";
import type { Driver, Sharing } from "../../../components/cluster/gpuPool.ts";
import { onPremRules } from "../../../components/cluster/onPrem/onPremRules.ts";

const exclusive: Sharing = { kind: "exclusive" };
const mig: Sharing = { kind: "mig", profile: "1g.10gb" };
const operator: Driver = { owner: "operator" };
const cloud: Driver = { owner: "cloud" };
const imageHasDriver = {
  "nvidia.com/gpu.deploy.driver": "false",
  "nvidia.com/gpu.deploy.container-toolkit": "false",
};

it.each<[string, Parameters<typeof deviceLabels>, Record<string, string>]>([
  ["need nothing where the operator does everything", [azureRules, { sharing: exclusive, driver: operator }], {}],
  [
    "keep driver and toolkit off an image that has both",
    [awsRules, { sharing: exclusive, driver: cloud }],
    imageHasDriver,
  ],
  [
    "keep the driver alone off a node where it is installed already",
    [onPremRules, { sharing: exclusive, driver: { owner: "preinstalled", version: "580.159.03" } }],
    { "nvidia.com/gpu.deploy.driver": "false" },
  ],
  [
    "name the time-slicing",
    [onPremRules, { sharing: { kind: "timeSlicing", replicas: 4 }, driver: operator }],
    { "nvidia.com/device-plugin.config": "time-slicing-4" },
  ],
  [
    "name the MPS",
    [azureRules, { sharing: { kind: "mps", clients: 8 }, driver: operator }],
    { "nvidia.com/device-plugin.config": "mps-8" },
  ],
  [
    "name the slices",
    [awsRules, { sharing: mig, driver: cloud }],
    { ...imageHasDriver, "nvidia.com/mig.config": "all-1g.10gb" },
  ],
  [
    "keep MIG manager off slices that AKS cut",
    [azureRules, { sharing: mig, driver: cloud }],
    { ...imageHasDriver, "nvidia.com/gpu.deploy.mig-manager": "false" },
  ],
  ["are GKE's own affair", [gcpRules, { sharing: mig, driver: cloud }], {}],
])("a pool's node labels %s", (_, args, labels) => {
  expect(deviceLabels(...args)).toEqual(labels);
});
