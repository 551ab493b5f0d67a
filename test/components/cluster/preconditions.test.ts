import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { azureRules } from "../../../components/cluster/aks/azureRules.ts";
import { awsRules } from "../../../components/cluster/eks/awsRules.ts";
import { gcpRules } from "../../../components/cluster/gke/gcpRules.ts";
import type { AnyGpuPoolArgs, PurchaseOption } from "../../../components/cluster/gpuPool.ts";
import type { Machine } from "../../../components/cluster/machines/machine.ts";
import { poolProblems } from "../../../components/cluster/preconditions.ts";

const rules = { aws: awsRules, azure: azureRules, gcp: gcpRules };
type Cloud = keyof typeof rules;
const zones = ["a", "b", "c"];
const sound = {
  aws: { machine: "g6.2xlarge", min: 0, max: 4 },
  azure: { machine: "Standard_NC24ads_A100_v4", min: 0, max: 4 },
  gcp: { machine: "g2-standard-8", min: 0, max: 4 },
} as const satisfies Record<Cloud, AnyGpuPoolArgs>;

/** The problems of a sound pool after a change, as they are printed. `wrong` may say what no type allows: data can. */
function problems(cloud: Cloud, wrong: object): string[] {
  const pool = { ...sound[cloud], ...wrong } as AnyGpuPoolArgs;
  const machines: Readonly<Record<string, Machine>> = rules[cloud].machines;
  const machine = machines[pool.machine];
  if (machine === undefined) throw new Error(`no machine ${pool.machine}`);
  return poolProblems(rules[cloud], pool, machine, zones).map(({ path, reason, fix }) =>
    [`${path}:`, reason, fix].join(" "),
  );
}

/** One precondition: a cloud, what is wrong, and all that is said about it. */
type Precondition = readonly [title: string, cloud: Cloud, wrong: object, said: string | readonly string[]];

function refuses(preconditions: readonly Precondition[]) {
  it.each(preconditions)("refuses %s", (_, cloud, wrong, said) => {
    expect(problems(cloud, wrong)).toEqual([said].flat());
  });
}

it.each(["aws", "azure", "gcp"] as const)("has nothing to say about a sound pool on %s", (cloud) => {
  expect(problems(cloud, {})).toEqual([]);
});

describe("the size of a pool", () => {
  refuses([
    ["half a node", "aws", { min: 0.5 }, "min: 0.5 is not a whole number of at least 0. Write 0 or more."],
    ["less than no node", "aws", { min: -1 }, "min: -1 is not a whole number of at least 0. Write 0 or more."],
    ["a pool that can have no node", "aws", { max: 0 }, "max: 0 is not a whole number of at least 1. Write 1 or more."],
    ["no number", "gcp", { max: Number.NaN }, "max: NaN is not a whole number of at least 1. Write 1 or more."],
    ["a least above the most", "gcp", { min: 5, max: 2 }, "min: 5 is above max (2). Lower min or raise max."],
  ]);

  it("may be fixed, and may be nothing for a while", () => {
    expect([...problems("aws", { min: 4, max: 4 }), ...problems("aws", { min: 0, max: 1 })]).toEqual([]);
  });
});

describe("the machine", () => {
  const needs = "but a GPU node needs at least 8 and 32 for the model server and what runs beside it.";
  refuses([
    [
      "one that is too small, and names the next of the same GPU",
      "aws",
      { machine: "g6.xlarge" },
      `machine: "g6.xlarge" has 4 vCPU and 16 GiB, ${needs} Write "g6.2xlarge" (8 vCPU, 32 GiB, 1 × L4).`,
    ],
    [
      "the classic T4 of Azure",
      "azure",
      { machine: "Standard_NC4as_T4_v3" },
      `machine: "Standard_NC4as_T4_v3" has 4 vCPU and 28 GiB, ${needs} Write "Standard_NC8as_T4_v3" (8 vCPU, 56 GiB, 1 × T4).`,
    ],
    [
      "the classic T4 of Google Cloud, by two GiB",
      "gcp",
      { machine: "n1-standard-8" },
      `machine: "n1-standard-8" has 8 vCPU and 30 GiB, ${needs} Write "n1-standard-16" (16 vCPU, 60 GiB, 1 × T4).`,
    ],
    [
      "a share of a GPU",
      "aws",
      { machine: "g6f.4xlarge" },
      'machine: "g6f.4xlarge" has a share of one L4, but models ask for whole GPUs. Write "g6.2xlarge" (8 vCPU, 32 GiB, 1 × L4).',
    ],
    [
      "a share of a vGPU, whatever the driver",
      "azure",
      { machine: "Standard_NV18ads_A10_v5" },
      'machine: "Standard_NV18ads_A10_v5" has a share of one A10, but models ask for whole GPUs. Write "Standard_NV36ads_A10_v5" (36 vCPU, 440 GiB, 1 × A10).',
    ],
    [
      "arm64, and names another GPU where the model is only there",
      "aws",
      { machine: "g5g.8xlarge" },
      'machine: "g5g.8xlarge" has arm64 CPUs, but Triton\'s image is pinned for amd64. Write "g4dn.2xlarge" (8 vCPU, 32 GiB, 1 × T4).',
    ],
    [
      "arm64 even where nothing as large is left",
      "gcp",
      { machine: "a4x-highgpu-4g" },
      'machine: "a4x-highgpu-4g" has arm64 CPUs, but Triton\'s image is pinned for amd64. Write "a4-highgpu-8g" (224 vCPU, 3968 GiB, 8 × B200-180GB).',
    ],
    [
      "a GPU that current Triton has dropped",
      "aws",
      { machine: "p3dn.24xlarge" },
      'machine: "p3dn.24xlarge" has a V100-32GB of compute capability 7.0, but current Triton needs 7.5. Write "g6e.2xlarge" (8 vCPU, 64 GiB, 1 × L40S).',
    ],
    [
      "a GPU that the driver of EKS does not know",
      "aws",
      { machine: "g7.2xlarge" },
      'machine: "g7.2xlarge" needs driver 595, but the NVIDIA image of EKS brings 580.159.03. Write "g6e.2xlarge" (8 vCPU, 64 GiB, 1 × L40S).',
    ],
  ]);

  it("says everything that is wrong with it", () => {
    expect(problems("aws", { machine: "g6f.xlarge" })).toHaveLength(2);
  });

  it("is good instead wherever another is named", () => {
    for (const cloud of ["aws", "azure", "gcp"] as const) {
      for (const machine of Object.keys(rules[cloud].machines)) {
        for (const said of problems(cloud, { machine })) {
          const instead = /^machine: .* Write "([^"]+)"/.exec(said)?.[1];
          expect(instead, said).toBeDefined();
          expect(problems(cloud, { machine: instead })).toEqual([]);
        }
      }
    }
  });
});

describe("zones", () => {
  refuses([
    [
      "no zone at all",
      "aws",
      { zones: [] },
      "zones: there is none, so no node could start. Name zones of the cluster, or leave zones out for all of them.",
    ],
    ["a zone the cluster has not", "aws", { zones: ["a", "d"] }, 'zones[1]: "d" is not one of "a", "b", "c". '],
    ["a zone twice", "gcp", { zones: ["a", "b", "a"] }, 'zones[2]: "a" is there twice. Name it once.'],
  ]);

  it("may be some of the cluster's", () => {
    expect(problems("azure", { zones: ["c", "a"] })).toEqual([]);
  });
});

describe("the way to buy", () => {
  const block = { kind: "block", reservation: "cr-0123456789abcdef0" };
  const group = "/subscriptions/0/resourceGroups/gpus/providers/Microsoft.Compute/capacityReservationGroups/a100";
  refuses([
    [
      "a block away from AWS",
      "gcp",
      { purchase: block, zones: ["a"] },
      'purchase.kind: "block" is not one of "onDemand", "spot", "reserved", "queued". ',
    ],
    [
      "queued nodes away from Google Cloud",
      "aws",
      { purchase: { kind: "queued", maxRunDuration: "24h" } },
      'purchase.kind: "queued" is not one of "onDemand", "spot", "reserved", "block". ',
    ],
    [
      "queued nodes on Azure, with the nearest way where it is a typing error",
      "azure",
      { purchase: { kind: "sport" } },
      'purchase.kind: "sport" is not one of "onDemand", "spot", "reserved". Did you mean "spot"?',
    ],
    [
      "a block in more than one zone",
      "aws",
      { machine: "p5.48xlarge", purchase: block, zones: ["a", "b"] },
      'zones: a capacity block is in one zone, but the pool has 2: a, b. Write one, for example zones: ["a"].',
    ],
    [
      "a block of machines it is not sold of",
      "aws",
      { purchase: block, zones: ["a"] },
      'purchase.kind: AWS sells no capacity block of "g6.2xlarge", only of P4, P5 and P6 machines. Write { kind: "reserved", … }, or choose such a machine.',
    ],
    [
      "a reservation of AWS in all zones, which is the default",
      "aws",
      { purchase: { kind: "reserved", reservation: "cr-0123456789abcdef0" } },
      'zones: a capacity reservation is in one zone, but the pool has 3: a, b, c. Write one, for example zones: ["a"].',
    ],
    [
      "what is no reservation of AWS",
      "aws",
      { purchase: { kind: "reserved", reservation: "my-gpus" }, zones: ["a"] },
      'purchase.reservation: "my-gpus" is not the id of a capacity reservation. Write, for example, "cr-0123456789abcdef0".',
    ],
    [
      "what is no reservation of Azure",
      "azure",
      { purchase: { kind: "reserved", reservation: "a100" } },
      'purchase.reservation: "a100" is not the id of a capacity reservation group. Write, for example, "/subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.Compute/capacityReservationGroups/<name>".',
    ],
    [
      "what is no reservation of Google Cloud",
      "gcp",
      { purchase: { kind: "reserved", reservation: "GPUs" } },
      'purchase.reservation: "GPUs" is not the name of a reservation. Write, for example, "gpus-l4".',
    ],
    [
      "queued nodes that are to be kept",
      "gcp",
      { min: 2, purchase: { kind: "queued", maxRunDuration: "24h" } },
      "min: 2 queued nodes cannot be kept: they come when there is room. Write 0.",
    ],
    [
      "queued nodes for more than a week",
      "gcp",
      { purchase: { kind: "queued", maxRunDuration: "169h" } },
      'purchase.maxRunDuration: "169h" is above 168h. Write at most "168h".',
    ],
    [
      "queued nodes for minutes",
      "gcp",
      { purchase: { kind: "queued", maxRunDuration: "5m" } },
      'purchase.maxRunDuration: "5m" is below 10m. Write at least "10m".',
    ],
    [
      "queued nodes for a part of a second",
      "gcp",
      { purchase: { kind: "queued", maxRunDuration: "700.5s" } },
      'purchase.maxRunDuration: "700.5s" is not a whole number of seconds. Write, for example, "24h".',
    ],
  ]);

  it.each<[Cloud, object]>([
    ["aws", { purchase: { kind: "spot" } }],
    ["aws", { machine: "p5.48xlarge", purchase: block, zones: ["b"] }],
    ["aws", { purchase: { ...block, kind: "reserved" }, zones: ["b"] }],
    ["azure", { purchase: { kind: "reserved", reservation: group } }],
    ["gcp", { purchase: { kind: "reserved", reservation: "gpus-l4" } }],
    ["gcp", { purchase: { kind: "reserved", reservation: "projects/shared/reservations/gpus-l4" } }],
    ["gcp", { purchase: { kind: "queued", maxRunDuration: "168h" } }],
  ])("is each cloud's own: %s %j", (cloud, right) => {
    expect(problems(cloud, right)).toEqual([]);
  });

  it("knows every kind there is, on one cloud at least", () => {
    const kinds: Record<PurchaseOption["kind"], Cloud> = {
      onDemand: "azure",
      spot: "azure",
      reserved: "azure",
      block: "aws",
      queued: "gcp",
    };
    for (const [kind, cloud] of Object.entries(kinds)) {
      const said = problems(cloud, { purchase: { kind, reservation: "x", maxRunDuration: "1h" } });
      expect(said.filter((line) => line.includes("is not one of"))).toEqual([]);
    }
  });
});

describe("placement", () => {
  refuses([
    [
      "compact nodes in all zones, which is the default",
      "aws",
      { placement: "compact" },
      'zones: compact nodes are side by side in one zone, but the pool has 3: a, b, c. Write one, for example zones: ["a"].',
    ],
    [
      "compact nodes in two zones",
      "azure",
      { placement: "compact", zones: ["c", "a"] },
      'zones: compact nodes are side by side in one zone, but the pool has 2: c, a. Write one, for example zones: ["c"].',
    ],
    [
      "compact nodes of those that come wherever there is room",
      "gcp",
      { placement: "compact", zones: ["a"], purchase: { kind: "queued", maxRunDuration: "1h" } },
      'placement: "compact" cannot be had of queued nodes: they come wherever there is room. Leave placement out, or write purchase: { kind: "reserved", … }.',
    ],
    [
      "compact nodes of machines that Google Cloud does not place",
      "gcp",
      { machine: "n1-standard-16", placement: "compact", zones: ["a"] },
      'placement: "compact" is not available for "n1-standard-16": Google Cloud places A and G machines only. Leave placement out, or choose a g2 machine.',
    ],
    [
      "another placement",
      "azure",
      { placement: "compakt" },
      'placement: "compakt" is not one of "spread", "compact". Did you mean "compact"?',
    ],
  ]);

  it.each(["aws", "azure", "gcp"] as const)("is compact in one zone on %s", (cloud) => {
    expect(problems(cloud, { placement: "compact", zones: ["b"] })).toEqual([]);
  });
});

describe("sharing", () => {
  const replicas = (count: number) => ({ sharing: { kind: "timeSlicing", replicas: count } });
  const mig = (profile: string) => ({ sharing: { kind: "mig", profile } });
  const share = 'Write how many pods share a GPU, or sharing: { kind: "exclusive" } for one.';
  refuses([
    ["turns of one", "aws", replicas(1), `sharing.replicas: 1 is not a whole number from 2 to 48. ${share}`],
    ["turns of too many", "gcp", replicas(49), `sharing.replicas: 49 is not a whole number from 2 to 48. ${share}`],
    [
      "half a client",
      "azure",
      { sharing: { kind: "mps", clients: 2.5 } },
      `sharing.clients: 2.5 is not a whole number from 2 to 48. ${share}`,
    ],
    [
      "MIG on a GPU without",
      "aws",
      mig("1g.5gb"),
      'sharing: L4 has no MIG that is confirmed. Write { kind: "mps", clients: 2 } or { kind: "timeSlicing", replicas: 2 }, or choose a machine with A100, H100 or newer.',
    ],
    [
      "a profile of another GPU",
      "aws",
      { machine: "p4d.24xlarge", ...mig("1g.12gb") },
      'sharing.profile: "1g.12gb" is not one of "1g.5gb", "1g.10gb", "2g.10gb", "3g.20gb", "4g.20gb", "7g.40gb". Did you mean "1g.10gb"?',
    ],
    [
      "the larger slice of a size on AKS, which has no name for it",
      "azure",
      mig("1g.20gb"),
      'sharing.profile: "1g.20gb" of A100-80GB is not available on AKS, which gives slices of 1g the least memory. Write one of "1g.10gb", "2g.20gb", "3g.40gb", "4g.40gb", "7g.80gb".',
    ],
    [
      "the larger slice of an A100 on GKE, which would make the smaller",
      "gcp",
      { machine: "a2-highgpu-1g", ...mig("1g.10gb") },
      'sharing.profile: "1g.10gb" of A100-40GB is not available on GKE, which gives slices of 1g the least memory. Write one of "1g.5gb", "2g.10gb", "3g.20gb", "4g.20gb", "7g.40gb".',
    ],
    [
      "another kind",
      "aws",
      { sharing: { kind: "timeSliced" } },
      'sharing.kind: "timeSliced" is not one of "exclusive", "mig", "timeSlicing", "mps". Did you mean "timeSlicing"?',
    ],
  ]);

  it.each<[Cloud, object]>([
    ["aws", replicas(2)],
    ["aws", { sharing: { kind: "mps", clients: 48 } }],
    ["aws", { machine: "p4d.24xlarge", ...mig("1g.10gb") }],
    ["azure", mig("1g.10gb")],
    ["azure", { machine: "Standard_NC40ads_H100_v5", ...mig("7g.94gb") }],
    ["gcp", { machine: "a2-ultragpu-1g", ...mig("1g.10gb") }],
    ["gcp", { machine: "a3-highgpu-1g", ...mig("1g.20gb") }],
  ])("can be had on %s: %j", (cloud, right) => {
    expect(problems(cloud, right)).toEqual([]);
  });
});

describe("the driver", () => {
  refuses([
    [
      "the operator's on EKS",
      "aws",
      { driver: { owner: "operator" } },
      'driver.owner: "operator" cannot install the driver on "g6.2xlarge": the node image of EKS brings the driver, and the operator\'s is for Ubuntu. Write "cloud", or leave driver out.',
    ],
    [
      "the operator's on GKE",
      "gcp",
      { driver: { owner: "operator" } },
      'driver.owner: "operator" cannot install the driver on "g2-standard-8": the node image of GKE brings the driver, and the operator\'s is for Ubuntu. Write "cloud", or leave driver out.',
    ],
    [
      "one that would be in an image of one's own",
      "gcp",
      { driver: { owner: "preinstalled", version: "580.159.03" } },
      'driver.owner: "preinstalled" cannot install the driver on "g2-standard-8": the node image is GKE\'s own. Write "cloud", or leave driver out.',
    ],
    [
      "one's own image on AKS",
      "azure",
      { driver: { owner: "preinstalled", version: "580.159.03" } },
      'driver.owner: "preinstalled" cannot install the driver on "Standard_NC24ads_A100_v4": the node image is AKS\'s own. Write "operator" or "cloud", or leave driver out.',
    ],
    [
      "the operator's on vGPUs of Azure",
      "azure",
      { machine: "Standard_NV36ads_A10_v5", driver: { owner: "operator" } },
      'driver.owner: "operator" cannot install the driver on "Standard_NV36ads_A10_v5": its vGPUs run AKS\'s GRID driver only. Write "cloud", or leave driver out.',
    ],
    [
      "the operator's where AKS cuts the slices",
      "azure",
      { sharing: { kind: "mig", profile: "1g.10gb" }, driver: { owner: "operator" } },
      'driver.owner: "operator" cannot install the driver on "Standard_NC24ads_A100_v4": AKS cuts MIG slices with its own driver. Write "cloud", or leave driver out.',
    ],
    [
      "half a version",
      "azure",
      { driver: { owner: "operator", version: "595" } },
      'driver.version: "595" is not a full driver version. Write, for example, "595.91.07".',
    ],
    [
      "another owner",
      "azure",
      { driver: { owner: "Cloud" } },
      'driver.owner: "Cloud" is not one of "operator", "cloud". Did you mean "cloud"?',
    ],
  ]);

  it("is the operator's or Azure's on AKS", () => {
    expect([
      ...problems("azure", { driver: { owner: "cloud" } }),
      ...problems("azure", { driver: { owner: "operator", version: "595.91.07" } }),
    ]).toEqual([]);
  });
});

describe("the disk", () => {
  refuses([
    [
      "no size",
      "aws",
      { disk: "200" },
      'disk: "200" is not an amount of memory. Write a number and one of KiB, MiB, GiB, TiB, for example "32GiB".',
    ],
    [
      "less than two images need",
      "aws",
      { disk: "99GiB" },
      'disk: "99GiB" is below 100GiB: two Triton images of 20 GiB, unpacked beside packed, and logs must fit. Write "200GiB".',
    ],
    ["more than an OS disk of AKS", "azure", { disk: "2.5TiB" }, 'disk: "2.5TiB" is above 2TiB. Write at most "2TiB".'],
    [
      "a part of a GiB",
      "gcp",
      { disk: "150.5GiB" },
      'disk: "150.5GiB" is not a whole number of GiB. Write, for example, "200GiB".',
    ],
  ]);

  it("is from 100GiB to 2TiB, both included", () => {
    expect([...problems("aws", { disk: "100GiB" }), ...problems("aws", { disk: "2TiB" })]).toEqual([]);
  });
});

it("says everything at once", () => {
  expect(
    problems("aws", {
      machine: "g6.xlarge",
      min: -1,
      zones: [],
      placement: "compact",
      disk: "1GiB",
      labels: { "": "" },
    }).map((said) => said.split(":")[0]),
  ).toEqual(["machine", "min", "zones", "disk", 'labels[""]']);
});

it("survives any data", () => {
  fc.assert(
    fc.property(
      fc.constantFrom<Cloud>("aws", "azure", "gcp"),
      fc.record(
        {
          min: fc.double(),
          max: fc.double(),
          zones: fc.array(fc.string()),
          placement: fc.string(),
          purchase: fc.record({ kind: fc.string() }),
          sharing: fc.record({ kind: fc.string() }),
          driver: fc.record({ owner: fc.string() }),
          disk: fc.string(),
          labels: fc.dictionary(fc.string(), fc.string()),
        },
        { requiredKeys: [] },
      ),
      (cloud, wrong) => {
        for (const said of problems(cloud, wrong)) expect(said).not.toContain("undefined");
      },
    ),
  );
});
