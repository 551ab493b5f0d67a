import { describe, expect, it } from "vitest";
import { cloudClusterProblems } from "../../../components/cluster/cloudCluster.ts";
import { awsMachines } from "../../../components/cluster/machines/aws.ts";
import { azureMachines } from "../../../components/cluster/machines/azure.ts";
import { gcpMachines } from "../../../components/cluster/machines/gcp.ts";
import type { Cloud } from "../../../components/cluster/machines/machine.ts";

type Args = Parameters<typeof cloudClusterProblems>[1];

const machines = { aws: awsMachines, azure: azureMachines, gcp: gcpMachines };
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
  return cloudClusterProblems(cloud, args, machines[cloud]).map(({ path, reason, fix }) =>
    [`${path}:`, reason, fix].join(" "),
  );
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
    "a machine nobody knows, and names the nearest",
    "aws",
    { gpuPools: { l4: { machine: "g6.2xlrge", min: 0, max: 1 } } },
    'gpuPools["l4"].machine: "g6.2xlrge" is not in the catalogue of AWS machines with NVIDIA GPUs. Did you mean "g6.2xlarge"?',
  ],
  [
    "a machine without GPUs, and says where those with are",
    "azure",
    { gpuPools: { l4: { machine: "constructor", min: 0, max: 1 } } },
    'gpuPools["l4"].machine: "constructor" is not in the catalogue of Azure machines with NVIDIA GPUs. Choose one of components/cluster/machines/azure.ts.',
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

describe("labels of a cluster", () => {
  const said = (labels: object) => problems("aws", { labels });

  it("are legal on every cloud at once", () => {
    expect(said({ "cost-center": "4711", team_1: "", a: "x".repeat(63) })).toEqual([]);
    expect(said({ "example.com/team": "fraud", Team: "x", "1st": "x", "end-": "x" })).toHaveLength(4);
    expect(said({ "Cost Center": "4711" })).toEqual([
      'labels["Cost Center"]: "Cost Center" cannot be a label on every cloud: 1 to 63 of a-z, 0-9, "-" and "_", first a letter, last no sign. Write, for example, "cost-center".',
    ]);
    expect(said({ team: "Fraud & Risk" })).toEqual([
      'labels["team"]: "Fraud & Risk" cannot be a label\'s value on every cloud: at most 63 of a-z, 0-9, "-" and "_", no sign first or last. Write, for example, "team-fraud".',
    ]);
  });

  it("do not begin like those of a cloud or of ours", () => {
    expect(said({ "goog-managed": "x" })).toEqual([
      'labels["goog-managed"]: labels that begin with "goog" are reserved. Choose another beginning.',
    ]);
    expect(said({ "serin-cluster": "x", "azure-region": "x", awsomething: "x" })).toHaveLength(3);
  });

  it("leave room for others", () => {
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`l${index}`, "x"]));
    expect(said(many(40))).toEqual([]);
    expect(said(many(41))).toEqual([
      "labels: there are 41, but AWS and Azure tag a resource with 50 at most, some of them ours. Keep 40 at most.",
    ]);
  });
});

describe("labels of nodes", () => {
  const said = (labels: object) =>
    problems("aws", { gpuPools: { l4: { ...sound.aws.gpuPools.l4, labels } } }).map((line) =>
      line.replace('gpuPools["l4"].', ""),
    );

  it("are legal in Kubernetes", () => {
    expect(said({ "example.com/team": "Fraud.1", tier: "", A_b: "x" })).toEqual([]);
    expect(said({ "exa mple/team": "x" })).toEqual([
      'labels["exa mple/team"]: "exa mple/team" is not a Kubernetes label\'s key: a name of 1 to 63 of A-Z, a-z, 0-9, "-", "_" and ".", before it a domain and "/" if wanted. Write, for example, "example.com/team".',
    ]);
    expect(said({ "a/b/c": "x", "/a": "x", "a/": "x", "-a": "x", ["x".repeat(64)]: "x" })).toHaveLength(5);
    expect(said({ team: "-" })).toEqual([
      'labels["team"]: "-" is not a Kubernetes label\'s value: at most 63 of A-Z, a-z, 0-9, "-", "_" and ".", no sign first or last. Write, for example, "fraud".',
    ]);
  });

  it("leave alone what others set and read", () => {
    expect(said({ "nvidia.com/gpu": "x" })).toEqual([
      'labels["nvidia.com/gpu"]: "nvidia.com" is reserved: its labels are set by who reads them. Choose a domain of your own.',
    ]);
    expect(
      said({
        "serin.dev/gpu-class": "x",
        "node.kubernetes.io/instance-type": "x",
        "k8s.amazonaws.com/accelerator": "x",
        "kubernetes.azure.com/mode": "x",
        "cloud.google.com/gke-accelerator": "x",
        accelerator: "x",
      }),
    ).toHaveLength(6);
    expect(said({ "notnvidia.com/gpu": "x" })).toEqual([]);
  });
});

it("says everything at once", () => {
  expect(
    problems("aws", { region: "here", cidr: "there", admins: [], labels: { "": "" } }).map(
      (line) => line.split(":")[0],
    ),
  ).toEqual(["region", "cidr", "admins", 'labels[""]']);
});
