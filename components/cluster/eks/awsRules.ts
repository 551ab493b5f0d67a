import { driverBranch } from "../../core/versions/drivers.ts";
import type { CloudRules, QuotaShare } from "../cloudRules.ts";
import { type AnyGpuPoolArgs, defaultPurchase } from "../gpuPool.ts";
import { awsMachines } from "./awsMachines.ts";
import { awsRegions } from "./awsRegions.ts";

/** The NVIDIA driver in EKS' node image. It cannot be chosen apart from the image. */
const nodeImageDriver = {
  where: "EKS, NVIDIA AMI of Amazon Linux 2023",
  version: "580.159.03",
  source: "awslabs/amazon-eks-ami `CHANGELOG.md`, v20260714",
} as const;

/** The rules of AWS: regions, machines, ways to buy, drivers and quotas, as EKS and EC2 have them. */
export const awsRules = {
  cloud: "aws",
  title: "AWS",
  service: "EKS",
  operatorLabels: true,
  virtualMachines: true,
  spotTaints: [],
  cutsMigSlices: () => false,
  hasMigProfile: () => true,
  regions: {
    form: /^[a-z]{2,3}(-[a-z]+)+-\d$/,
    example: "us-east-1",
    known: awsRegions,
    // China and GovCloud have other names for services, endpoints and policies.
    refusal: (region) =>
      /^(cn|us-gov|us-iso)/.test(region)
        ? {
            reason: `"${region}" is in a partition of AWS that is not supported: its ARNs and endpoints differ.`,
            fix: 'Choose a commercial region, for example "us-east-1".',
          }
        : undefined,
    // Each account has its own mapping of letters to zones. No region has more than six zones.
    zone: (region) => [`${region}a`, /[a-f]$/],
  },
  machines: awsMachines,
  machineFaults: ({ minimumDriver = 0 }) =>
    driverBranch(nodeImageDriver.version) < minimumDriver
      ? [`needs driver ${minimumDriver}, but the NVIDIA image of EKS brings ${nodeImageDriver.version}`]
      : [],
  purchases: ["onDemand", "spot", "reserved", "block"],
  reservation: {
    form: /^cr-[0-9a-f]{8,17}$/,
    what: "the id of a capacity reservation",
    example: "cr-0123456789abcdef0",
    inOneZone: true,
  },
  purchaseProblems: ({ purchase, machine: name }, { family }) =>
    purchase?.kind === "block" && !/^p[4-9]/.test(family)
      ? [
          {
            path: "purchase.kind",
            reason: `AWS sells no capacity block of "${name}", only of P4, P5 and P6 machines.`,
            fix: 'Write { kind: "reserved", … }, or choose such a machine.',
          },
        ]
      : [],
  placementProblems: () => [],
  // The node image brings the driver, and the operator's is supported on Ubuntu only
  // (NVIDIA/cloud-native-docs `gpu-operator/platform-support.rst`).
  driverOwners: () => ["cloud"],
  driverRefusal: (owner) =>
    owner === "preinstalled"
      ? "the node image is EKS's own"
      : "the node image of EKS brings the driver, and the operator's is for Ubuntu",
  drivers: { nodeImage: nodeImageDriver },
  quotaShares,
} as const satisfies CloudRules;

/**
 * Nodes that EKS adds before it takes old ones away, when an update replaces the nodes of a group (EKS user guide,
 * "Understand each phase of node updates"): up to two in each of its zones. Where it takes old ones first, none.
 */
export function surgeNodes(zones: number, takesOldFirst: boolean): number {
  return takesOldFirst ? 0 : 2 * zones;
}

/** A cluster has three zones, and so has a pool that names none. */
const clusterZones = 3;

/**
 * Quotas of EC2 count vCPU: on demand there is one for all G machines and one for all P machines, as spot one for G and
 * several for P (AWS General Reference, "Amazon EC2 endpoints and quotas"). Machines in a capacity block count against
 * no quota (EC2 User Guide, "Capacity Blocks for ML"). A pool at its maximum can be updated, too.
 */
function quotaShares(
  region: string,
  pool: AnyGpuPoolArgs,
  { family, vcpu }: { readonly family: string; readonly vcpu: number },
): QuotaShare[] {
  const { kind } = pool.purchase ?? defaultPurchase;
  if (kind === "block") return [];
  const nodes = pool.max + surgeNodes(pool.zones?.length ?? clusterZones, kind === "reserved");
  return [
    {
      region,
      quota: kind === "spot" ? spotQuota(family) : onDemandQuota(family),
      needed: nodes * vcpu,
      unit: "vCPU",
    },
  ];
}

function onDemandQuota(family: string): string {
  return family.startsWith("g")
    ? "Running On-Demand G and VT instances (L-DB2E81BA)"
    : "Running On-Demand P instances (L-417A185B)";
}

function spotQuota(family: string): string {
  if (family.startsWith("g")) return "All G and VT Spot Instance Requests (L-3819A6DF)";
  if (family.startsWith("p5")) return "All P5 Spot Instance Requests (L-C4BD4855)";
  // The reference does not say which quota P6 machines count against: accounts show either code.
  if (family.startsWith("p6")) return "All P Spot Instance Requests";
  return "All P4, P3 and P2 Spot Instance Requests (L-7212CCBC)";
}
