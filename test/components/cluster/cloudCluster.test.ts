import { expect, it } from "vitest";
import { azureRules } from "../../../components/cluster/aks/azureRules.ts";
import { cloudClusterProblems } from "../../../components/cluster/cloudCluster.ts";
import { awsRules } from "../../../components/cluster/eks/awsRules.ts";
import { gcpRules } from "../../../components/cluster/gke/gcpRules.ts";

type Args = Parameters<typeof cloudClusterProblems>[1];

const rules = { aws: awsRules, azure: azureRules, gcp: gcpRules };
type Cloud = keyof typeof rules;
const common = {
  cidr: "10.16.0.0/16",
  kubernetesVersion: "1.35",
  admins: ["platform"],
  labels: { environment: "production", region: "east-us" },
} as const;
const sound = {
  aws: {
    ...common,
    region: "us-east-1",
    zones: ["us-east-1a", "us-east-1b", "us-east-1d"],
    gpuPools: { l4: { machine: "g6.2xlarge", min: 1, max: 8 } },
  },
  azure: {
    ...common,
    region: "westeurope",
    zones: ["1", "2", "3"],
    gpuPools: { a100: { machine: "Standard_NC24ads_A100_v4", min: 0, max: 2 } },
  },
  gcp: {
    ...common,
    region: "europe-west4",
    zones: ["europe-west4-a", "europe-west4-b", "europe-west4-c"],
    gpuPools: { l4: { machine: "g2-standard-8", min: 0, max: 2, zones: ["europe-west4-b"] } },
  },
} as const satisfies Record<Cloud, Args>;

/** What is said about a sound cluster after a change; `wrong` may be what no type allows. */
function problems(cloud: Cloud, wrong: object): string[] {
  const args = { ...sound[cloud], ...wrong } as Args;
  return cloudClusterProblems(rules[cloud], args).map(({ path, reason, fix }) => [`${path}:`, reason, fix].join(" "));
}

it.each(["aws", "azure", "gcp"] as const)("has nothing to say about a sound cluster on %s", (cloud) => {
  expect(problems(cloud, {})).toEqual([]);
});

it.each<[string, Cloud, object, ...string[]]>([
  [
    "a region of another cloud",
    "aws",
    { region: "europe-west4" },
    'region: "europe-west4" is not a region as AWS writes them. Write, for example, "us-east-1".',
  ],
  [
    "a region as people say it",
    "azure",
    { region: "West Europe" },
    'region: "West Europe" is not a region as Azure writes them. Write, for example, "westeurope".',
  ],
  [
    "a zone for a region",
    "gcp",
    { region: "europe-west4-a" },
    'region: "europe-west4-a" is not a region as Google Cloud writes them. Write, for example, "europe-west4".',
  ],
  [
    "two zones",
    "azure",
    { zones: ["1", "2"] },
    "zones: there are 2, but a cluster outlives the loss of a zone on three only. Write three.",
  ],
  [
    "zones of another region",
    "aws",
    { zones: ["us-east-1a", "us-east-1b", "us-west-2a"] },
    'zones[2]: "us-west-2a" is not a zone of us-east-1 as AWS writes them. Write, for example, "us-east-1a".',
  ],
  [
    "zones as Azure does not write them",
    "azure",
    { zones: ["1", "2", "westeurope-3"] },
    'zones[2]: "westeurope-3" is not a zone of westeurope as Azure writes them. Write, for example, "1".',
  ],
  [
    "a fourth zone of Azure",
    "azure",
    { zones: ["1", "2", "4"] },
    'zones[2]: "4" is not a zone of westeurope as Azure writes them. Write, for example, "1".',
  ],
  [
    "a zone twice",
    "gcp",
    { zones: ["europe-west4-a", "europe-west4-b", "europe-west4-b"] },
    'zones[2]: "europe-west4-b" is there twice. Name it once.',
  ],
  [
    "addresses that are not the cluster's own to have",
    "aws",
    { cidr: "8.8.0.0/16" },
    'cidr: "8.8.0.0/16" is not private. Write a block of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16.',
  ],
  [
    "a cluster that nobody could administer",
    "aws",
    { admins: [] },
    "admins: there is none, so nobody could ever administer the cluster: whoever makes it has no rights on it. Name at least one.",
  ],
  ["an administrator twice", "gcp", { admins: ["a", "a"] }, 'admins[1]: "a" is there twice. Name them once.'],
  [
    "an administrator in capitals, too",
    "azure",
    { admins: ["a", "A"] },
    'admins[1]: "A" is there twice. Name them once.',
  ],
  [
    "records kept for less than a day",
    "aws",
    { auditStore: { retentionDays: 0 } },
    "auditStore.retentionDays: 0 is not a whole number of days from 1 to 36500. Write, for example, 365.",
  ],
  [
    "records kept for longer than a lock can last",
    "azure",
    { auditStore: { retentionDays: 36_501 } },
    "auditStore.retentionDays: 36501 is not a whole number of days from 1 to 36500. Write, for example, 365.",
  ],
  [
    "an audit store of another kind",
    "gcp",
    { auditStore: { mode: "lockd" } },
    'auditStore.mode: "lockd" is not one of "locked", "removable". Did you mean "locked"?',
  ],
  [
    "a pool's key that cannot be in a name",
    "aws",
    { gpuPools: { "L4 shared": sound.aws.gpuPools.l4 } },
    'gpuPools["L4 shared"]: "L4 shared" is not a DNS label of at most 20 characters (a-z, 0-9 and "-", first a letter). Write "l4-shared".',
  ],
  [
    "a label that not every cloud takes",
    "gcp",
    { labels: { team: "Fraud" } },
    'labels["team"]: "Fraud" cannot be a label\'s value on every cloud: at most 63 of a-z, 0-9, "-" and "_", no sign first or last. Write, for example, "team-fraud".',
  ],
  [
    "a machine nobody knows, and names the nearest",
    "aws",
    { gpuPools: { l4: { machine: "g6.2xlrge", min: 0, max: 1 } } },
    'gpuPools["l4"].machine: "g6.2xlrge" is not in the catalogue of AWS machines with NVIDIA GPUs. Did you mean "g6.2xlarge"?',
  ],
  [
    "a machine without GPUs, and says where those with are",
    "azure",
    { gpuPools: { l4: { machine: "constructor", min: 0, max: 1 } } },
    'gpuPools["l4"].machine: "constructor" is not in the catalogue of Azure machines with NVIDIA GPUs. Choose one of components/cluster/aks/azureMachines.ts.',
  ],
  [
    "what is wrong with a pool, by the pool's path",
    "gcp",
    { gpuPools: { l4: { machine: "g2-standard-8", min: 3, max: 2, zones: ["europe-west4-d"] } } },
    'gpuPools["l4"].min: 3 is above max (2). Lower min or raise max.',
    'gpuPools["l4"].zones[0]: "europe-west4-d" is not one of "europe-west4-a", "europe-west4-b", "europe-west4-c". Did you mean "europe-west4-a"?',
  ],
])("refuses %s", (_, cloud, wrong, ...said) => {
  expect(problems(cloud, wrong)).toEqual(said);
});

it("refuses a Kubernetes version that is not in the matrix", () => {
  expect(problems("aws", { kubernetesVersion: "1.21" })).toEqual([
    expect.stringMatching(/^kubernetesVersion: "1\.21" is not one of .*"1\.35"/),
  ]);
});

it("says everything at once", () => {
  expect(
    problems("aws", { region: "here", cidr: "there", admins: [], labels: { "": "" } }).map(
      (line) => line.split(":")[0],
    ),
  ).toEqual(["region", "cidr", "admins", 'labels[""]']);
});
