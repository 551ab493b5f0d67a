import { describe, expect, it } from "vitest";
import type { ClusterNeeds } from "../../preflight/clusterNeeds.ts";
import { preflightChecks } from "../../preflight/preflightChecks.ts";
import { type Fixture, facts, needs, nodesOf, pool } from "./cluster.ts";

const cloud = { owner: "cloud" } as const;
const spotTaint = { key: "kubernetes.azure.com/scalesetpriority", value: "spot", effect: "NoSchedule" } as const;

/** The nodes of each vendor, and the pools that are declared for them. */
const vendors: [string, Fixture, ClusterNeeds["gpuPools"]][] = [
  ["EKS, AL2023 with L4", "eks", { l4: pool({ driver: cloud, min: 2 }) }],
  [
    "AKS, T4 on spot and A100 in slices",
    "aks",
    {
      t4: pool({
        gpu: "T4",
        vcpu: 8,
        memoryGiB: 56,
        spot: true,
        nodeSelector: { "serin.dev/gpu-class": "T4" },
        taints: [...pool().taints, spotTaint],
      }),
      a100: pool({
        gpu: "A100-80GB",
        gpusPerNode: 7,
        vcpu: 24,
        memoryGiB: 220,
        sharing: { kind: "mig", profile: "1g.10gb" },
        nodeSelector: { "serin.dev/gpu-class": "A100-80GB.mig-1g.10gb" },
      }),
    },
  ],
  ["GKE, Container-Optimized OS with L4", "gke", { l4: pool({ driver: cloud }) }],
  [
    "RKE2 on bare metal, before the GPU operator, with what NFD says",
    "rke2",
    {
      h100: pool({
        gpu: "H100-80GB",
        gpusPerNode: 8,
        min: 2,
        max: 2,
        vcpu: 128,
        memoryGiB: 1024,
        nodeSelector: { "nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3" },
      }),
    },
  ],
  [
    "k3s on one node, its driver installed",
    "k3s",
    {
      l4: pool({
        vcpu: 16,
        memoryGiB: 64,
        driver: { owner: "preinstalled", version: "580.173.02" },
        nodeSelector: { "nvidia.com/gpu.product": "NVIDIA-L4" },
      }),
    },
  ],
  [
    "RHEL with CRI-O, GPUs shared by time",
    "rhel-shared",
    {
      l4: pool({
        gpusPerNode: 4,
        vcpu: 32,
        memoryGiB: 128,
        sharing: { kind: "timeSlicing", replicas: 4 },
        nodeSelector: {
          "nvidia.com/gpu.product": "NVIDIA-L4-SHARED",
          "nvidia.com/gpu.sharing-strategy": "time-slicing",
        },
      }),
    },
  ],
];

describe("the nodes of every vendor pass", () => {
  it.each(vendors)("%s", (_, fixture, gpuPools) => {
    const failed = preflightChecks(facts({ nodes: nodesOf(fixture) }), needs({ gpuPools })).filter(
      ({ status }) => status === "failed",
    );
    expect(failed).toEqual([]);
  });
});

it("asks nothing of GPUs where no pool is declared", () => {
  const results = preflightChecks(facts({ nodes: nodesOf("cpu-only") }), needs());
  const applicable = results.filter(({ status }) => status !== "notApplicable").map(({ check }) => check);
  expect(applicable).toEqual(["apiServer", "permissions", "clock"]);
});

it("makes each check once, under a name of its own", () => {
  const names = preflightChecks(facts(), needs()).map(({ check }) => check);
  expect(names).toEqual([
    ...[
      "apiServer",
      "kubernetesUpgrade",
      "permissions",
      "pools",
      "cpu",
      "memory",
      "gpu",
      "sharing",
      "driver",
      "deviceLabels",
      "taints",
    ],
    ...[
      "runtime",
      "operatingSystem",
      "systems",
      "systemUpgrades",
      "monitors",
      "podSecurity",
      "networkPolicy",
      "storageClass",
      "ingress",
      "clock",
    ],
    "registries",
  ]);
  expect(new Set(names).size).toBe(names.length);
});

it("gives every failure and warning a way out, whatever is wrong", () => {
  const gpuPools = { l4: pool({ min: 9, vcpu: 64 }) };
  for (const fixture of ["amd", "too-small", "wrong-taint", "no-driver", "old-containerd", "mixed-os"] as const) {
    const results = preflightChecks(facts({ nodes: nodesOf(fixture) }), needs({ gpuPools, networkPolicy: "enforced" }));
    const told = results.filter(({ status }) => status === "failed" || status === "warning");
    expect(told.length).toBeGreaterThan(0);
    expect(told.filter(({ fix }) => fix === undefined)).toEqual([]);
  }
});
