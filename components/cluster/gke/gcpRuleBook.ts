import { defaultPurchase } from "../gpuPool.ts";
import type { RuleBook } from "../ruleBook.ts";
import { type GcpMachine, gcpMachines } from "./gcpMachines.ts";
import type { GkeDeclaration } from "./gkeArgs.ts";
import { inBucketName } from "./gkeModelStore.ts";

/** The services that the GKE component calls. */
const services = [
  "binaryauthorization.googleapis.com",
  "cloudkms.googleapis.com",
  "cloudresourcemanager.googleapis.com",
  "compute.googleapis.com",
  "container.googleapis.com",
  "iam.googleapis.com",
  "logging.googleapis.com",
  "storage.googleapis.com",
];

/** What Google Cloud refuses, keeps, or needs beforehand. */
export const gcpRuleBook = {
  services: {
    kind: "needs",
    says: `The project has these services enabled: ${services.join(", ")}.`,
    source: "terraform-google-modules/terraform-google-project-factory #717, for cloudresourcemanager",
    command: () => `gcloud services enable ${services.join(" ")} --project <gcpProject>`,
  },
  "storage-service-agent": {
    kind: "needs",
    says: "The project has its storage service agent. It is made at the first use, and must be there before it is granted the key of a bucket.",
    source: 'Cloud Storage documentation, "Use customer-managed encryption keys"',
    command: () => "gcloud storage service-agent --project <gcpProject>",
  },
  "zones-of-machines": {
    kind: "needs",
    says: "Each zone of a pool has its machine. GKE refuses a pool with another zone; give it `zones`. The command prints the zones of each machine.",
    source: 'GKE documentation, "Run GPUs in GKE Standard node pools", requirements',
    command: ({ region, gpuPools = {} }) => {
      const machines = [...new Set(Object.values(gpuPools).map(({ machine }) => machine))];
      if (machines.length === 0) return undefined;
      return `gcloud compute machine-types list --filter="zone~^${region}- AND name=(${machines.join(" ")})" --format="table(name,zone)" --project <gcpProject>`;
    },
  },
  "names-of-buckets": {
    kind: "refuses",
    says: "A bucket whose name has `google` in it, or what looks like it (`g00gle`). The names of a cluster's buckets have the cluster's name in them, `<environment>-<key>`.",
    source: 'Cloud Storage documentation, "About Cloud Storage buckets", bucket names',
    refusesName: (name) =>
      /g[o0]{2}gle/.test(inBucketName(name))
        ? 'the names of its buckets have it in them, where Cloud Storage takes no "google" and nothing like it.'
        : undefined,
  },
  "kubernetes-upgrades": {
    kind: "keeps",
    says: "The control plane goes up one minor version at a time, and never down. Nodes may be two minor versions older. An upgrade heeds PodDisruptionBudgets for an hour for each node, then it evicts.",
    source: 'GKE documentation, "Standard cluster upgrades"',
  },
  "private-address-of-the-api": {
    kind: "refuses",
    says: "A peered VPC network may not reach the private address of the Kubernetes API, which is an endpoint of Private Service Connect. Networks connected by Cloud VPN or Cloud Interconnect reach it.",
    source: 'VPC documentation, "About accessing published services through endpoints"',
    suspected: true,
  },
  "min-of-a-pool": {
    kind: "keeps",
    says: "The autoscaler adds no node to reach the minimum of a pool; it only never goes below one. A pool starts with `min` nodes, and a raised `min` adds none by itself.",
    source:
      "hashicorp/terraform-provider-google #8270; terraform-google-modules/terraform-google-kubernetes-engine #1517; kubernetes/autoscaler #2288",
  },
  "deleted-pool": {
    kind: "keeps",
    says: "When a node pool is deleted, GKE drains all its nodes at once and heeds no PodDisruptionBudget.",
    source: 'GKE documentation, "About node pools"',
  },
  "purchase-of-a-machine": {
    kind: "refuses",
    says: "Machines a3-highgpu with 1, 2 or 4 GPUs are sold as spot and flex-start (`queued`) only; a3-ultragpu and a4 machines as these or reserved; a4x machines reserved only.",
    source: 'Compute Engine documentation, "Accelerator-optimized machine family"',
    problems: ({ gpuPools = {} }) =>
      Object.entries(gpuPools).flatMap(([key, { machine, purchase = defaultPurchase }]) => {
        const ways = machineNamed(machine)?.purchases;
        if (ways === undefined || ways.some((way) => way === purchase.kind)) return [];
        return [
          {
            path: `gpuPools["${key}"].purchase`,
            reason: `Google Cloud does not sell "${machine}" as "${purchase.kind}".`,
            fix: `Write a purchase of kind ${ways.map((way) => `"${way}"`).join(" or ")}, or choose another machine.`,
          },
        ];
      }),
  },
  "rdma-of-compact-pools": {
    kind: "refuses",
    says: "`compact` alone gives no RDMA to pods on a3-ultragpu, a4 and a4x machines: they need further networks, the label `cloud.google.com/gke-networking-dra-driver`, and a ResourceClaim in each pod, none of which is made here. On a3-highgpu and a3-megagpu machines it puts nodes close together and gives no GPUDirect either.",
    source: 'GKE documentation, "Allocate network resources using GKE managed DRANET"',
    problems: ({ gpuPools = {} }) =>
      Object.entries(gpuPools).flatMap(([key, { machine, placement }]) =>
        placement === "compact" && machineNamed(machine)?.gpuDirect === "RDMA"
          ? [
              {
                path: `gpuPools["${key}"].placement`,
                reason: `"compact" would give pods on "${machine}" no RDMA, and that is what these machines are placed for.`,
                fix: "Leave placement out.",
              },
            ]
          : [],
      ),
  },
} as const satisfies RuleBook<GkeDeclaration>;

/** A machine of the catalogue. Undefined for a name that is not in it, which another check reports. */
function machineNamed(name: string): GcpMachine | undefined {
  return Object.hasOwn(gcpMachines, name) ? gcpMachines[name as keyof typeof gcpMachines] : undefined;
}
