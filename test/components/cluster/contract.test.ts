import { azureRules } from "../../../components/cluster/aks/azureRules.ts";
import type { CloudRules } from "../../../components/cluster/cloudRules.ts";
import { awsRules } from "../../../components/cluster/eks/awsRules.ts";
import { gcpRules } from "../../../components/cluster/gke/gcpRules.ts";
import type { GpuCluster } from "../../../components/cluster/gpuCluster.ts";
import { onPremRules } from "../../../components/cluster/onPrem/onPremRules.ts";
import * as aks from "./aks/sample.ts";
import { clusterContract, type MadeSample, type Marks, type Sample } from "./contractSuite.ts";
import * as eks from "./eks/sample.ts";
import * as gke from "./gke/sample.ts";
import type { Answers } from "./harness.ts";
import * as onPrem from "./onPrem/sample.ts";

function cloud<
  Args extends { labels: Readonly<Record<string, string>>; gpuPools?: Readonly<Record<string, { max: number }>> },
>(
  sample: { sampleArgs: Args; build: (args: Args) => GpuCluster; answers: Answers },
  rules: CloudRules,
  made: Omit<MadeSample, "unprotected">,
): Sample {
  const { sampleArgs, build, answers } = sample;
  const [[first, pool] = ["", { max: 0 }]] = Object.entries(sampleArgs.gpuPools ?? {});
  return {
    rules,
    answers,
    build: () => build(sampleArgs),
    relabelled: () =>
      build({
        ...sampleArgs,
        labels: { ...sampleArgs.labels, "cost-centre": "4711" },
        gpuPools: { ...sampleArgs.gpuPools, [first]: { ...pool, max: pool.max + 3 } },
      }),
    made: { ...made, unprotected: () => build({ ...sampleArgs, protect: false }) },
  };
}

const samples: Readonly<Record<string, Sample>> = {
  eks: cloud(eks as never, awsRules, {
    stateful: ["aws:eks/cluster:Cluster", "aws:kms/key:Key", "aws:s3/bucket:Bucket"],
    nodePools: "aws:eks/nodeGroup:NodeGroup",
    marks: ({ labels, taints }) => ({ labels: labels as Marks["labels"], taints: spelled(taints) }),
    acceleratorLabel: "k8s.amazonaws.com/accelerator",
    ownCluster: "aws:eks/cluster:Cluster",
  }),
  aks: cloud(aks as never, azureRules, {
    stateful: [
      "azure-native:containerservice:ManagedCluster",
      "azure-native:keyvault:Vault",
      "azure-native:keyvault:Key",
      "azure-native:storage:StorageAccount",
      "azure-native:storage:BlobContainer",
    ],
    nodePools: "azure-native:containerservice:AgentPool",
    marks: ({ nodeLabels, nodeTaints }) => ({
      labels: nodeLabels as Marks["labels"],
      taints: (nodeTaints ?? []) as Marks["taints"],
    }),
    ownCluster: "azure-native:containerservice:ManagedCluster",
  }),
  gke: cloud(gke as never, gcpRules, {
    stateful: ["gcp:container/cluster:Cluster", "gcp:kms/cryptoKey:CryptoKey", "gcp:storage/bucket:Bucket"],
    nodePools: "gcp:container/nodePool:NodePool",
    marks: ({ nodeConfig }) => {
      const { labels, taints } = nodeConfig as { labels: Marks["labels"]; taints?: unknown };
      return { labels, taints: spelled(taints) };
    },
    ownCluster: "gcp:container/cluster:Cluster",
  }),
  onPrem: {
    rules: onPremRules,
    answers: onPrem.answers,
    build: () => onPrem.build(),
    relabelled: () =>
      onPrem.build({ ...onPrem.sampleArgs, labels: { ...onPrem.sampleArgs.labels, "cost-centre": "4711" } }),
  },
};

for (const [name, sample] of Object.entries(samples)) clusterContract(name, sample);

/** EKS and GKE write effects in capitals. */
function spelled(taints: unknown): string[] {
  const effects: Readonly<Record<string, string>> = { NO_SCHEDULE: "NoSchedule", NO_EXECUTE: "NoExecute" };
  return ((taints ?? []) as { key: string; value: string; effect: string }[]).map(
    ({ key, value, effect }) => `${key}=${value}:${effects[effect] ?? effect}`,
  );
}
