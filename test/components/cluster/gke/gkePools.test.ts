import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gcpMachines } from "../../../../components/cluster/gke/gcpMachines.ts";
import { gcpRules } from "../../../../components/cluster/gke/gcpRules.ts";
import {
  type GkePoolArgs,
  gkePoolProblems,
  gpuNodePool,
  gpusOf,
  maxPods,
  podAddresses,
  systemNodePool,
} from "../../../../components/cluster/gke/gkePools.ts";
import { poolProblems } from "../../../../components/cluster/preconditions.ts";

const base = {
  cluster: "gcp-euw4",
  region: "europe-west4",
  zones: ["europe-west4-a", "europe-west4-b", "europe-west4-c"],
  serviceAccount: "gcp-euw4-nodes@serin-prod.iam.gserviceaccount.com",
  diskKey: "projects/serin-prod/locations/europe-west4/keyRings/r/cryptoKeys/disks",
  labels: { environment: "production" },
};
const l4: GkePoolArgs = { machine: "g2-standard-12", min: 1, max: 8 };
const h100: GkePoolArgs = { machine: "a3-highgpu-8g", min: 0, max: 2 };

/** As the provider gets it: the builder makes no Outputs of plain values. */
interface PlainPool {
  readonly name: string;
  readonly nodeConfig: Record<string, unknown> & { readonly guestAccelerators: readonly object[] };
  readonly [key: string]: unknown;
}
const made = (pool: GkePoolArgs, key = "l4") => gpuNodePool(key, pool, base) as unknown as PlainPool;

describe("nodes of a GPU pool", () => {
  it("carry the one taint in GKE's spelling and the class that models select by", () => {
    const { nodeConfig } = made({ ...l4, labels: { "example.com/team": "fraud" } });
    expect(nodeConfig.taints).toEqual([{ key: "nvidia.com/gpu", value: "present", effect: "NO_SCHEDULE" }]);
    expect(nodeConfig.labels).toEqual({ "example.com/team": "fraud", "serin.dev/gpu-class": "L4" });
  });

  it("leave GKE's own accelerator label to GKE", () => {
    expect(made(l4).nodeConfig.labels).not.toHaveProperty("cloud.google.com/gke-accelerator");
  });

  it("are private, shielded, of our account, and their disks encrypted with our key", () => {
    const { nodeConfig, networkConfig } = made(l4);
    expect(networkConfig).toEqual({ enablePrivateNodes: true });
    expect(nodeConfig).toMatchObject({
      imageType: "COS_CONTAINERD",
      serviceAccount: base.serviceAccount,
      bootDiskKmsKey: base.diskKey,
      diskSizeGb: 200,
      workloadMetadataConfig: { mode: "GKE_METADATA" },
      shieldedInstanceConfig: { enableSecureBoot: true, enableIntegrityMonitoring: true },
      kubeletConfig: { insecureKubeletReadonlyPortEnabled: "FALSE" },
      gvnic: { enabled: true },
      resourceLabels: { environment: "production" },
    });
  });

  it.each<[Partial<GkePoolArgs>, number]>([
    [{ min: 0 }, 0],
    [{ min: 1 }, 1],
    [{ min: 3 }, 1],
    [{ min: 4 }, 2],
    [{ min: 2, zones: ["europe-west4-a"] }, 2],
    // Three would be more than max.
    [{ min: 1, max: 2 }, 0],
    // A zone without a reserved machine would fail the run.
    [{ min: 2, purchase: { kind: "reserved", reservation: "gpus" } }, 0],
    [{ min: 2, purchase: { kind: "reserved", reservation: "gpus" }, zones: ["europe-west4-a"] }, 2],
  ])("of %j are there from the start: %d in each zone (terraform-provider-google #8270)", (changes, inZone) => {
    expect(made({ ...l4, ...changes }).initialNodeCount).toBe(inZone);
  });

  it("are never more than max at the start, and at least min where that is possible (terraform-google-kubernetes-engine #1517)", () => {
    const counts = fc.tuple(fc.nat(9), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 3 }));
    fc.assert(
      fc.property(
        counts.filter(([min, max]) => min <= max),
        ([min, max, zones]) => {
          const pool = made({ ...l4, min, max, zones: base.zones.slice(0, zones) });
          const first = Number(pool.initialNodeCount) * zones;
          expect(first).toBeLessThanOrEqual(max);
          if (Math.ceil(min / zones) * zones <= max) expect(first).toBeGreaterThanOrEqual(min);
        },
      ),
    );
  });

  it("grow by what is asked for, wherever there is room", () => {
    expect(made(l4)).toMatchObject({
      autoscaling: { totalMinNodeCount: 1, totalMaxNodeCount: 8, locationPolicy: "ANY" },
      upgradeSettings: { strategy: "SURGE", maxSurge: 0, maxUnavailable: 1 },
      management: { autoRepair: true, autoUpgrade: true },
      nodeLocations: base.zones,
    });
  });

  it("get their driver from GKE, the one of its two that CUDA 13 runs on", () => {
    expect(made(l4).nodeConfig.guestAccelerators).toEqual([
      { type: "nvidia-l4", count: 1, gpuDriverInstallationConfig: { gpuDriverVersion: "LATEST" } },
    ]);
  });

  it.each<[GkePoolArgs["sharing"], object]>([
    [{ kind: "exclusive" }, {}],
    [{ kind: "mig", profile: "1g.10gb" }, { gpuPartitionSize: "1g.10gb" }],
    [
      { kind: "timeSlicing", replicas: 4 },
      { gpuSharingConfig: { gpuSharingStrategy: "TIME_SHARING", maxSharedClientsPerGpu: 4 } },
    ],
    [{ kind: "mps", clients: 3 }, { gpuSharingConfig: { gpuSharingStrategy: "MPS", maxSharedClientsPerGpu: 3 } }],
  ])("share their GPUs as %j", (sharing, config) => {
    expect(made({ ...h100, ...(sharing && { sharing }) }).nodeConfig.guestAccelerators).toEqual([
      {
        type: "nvidia-h100-80gb",
        count: 8,
        gpuDriverInstallationConfig: { gpuDriverVersion: "LATEST" },
        ...config,
      },
    ]);
  });

  it("of a spot pool may be taken back", () => {
    expect(made({ ...l4, purchase: { kind: "spot" } }).nodeConfig.spot).toBe(true);
    expect(made(l4).nodeConfig).not.toHaveProperty("spot");
  });

  it("of a reservation come from it alone", () => {
    expect(made({ ...l4, purchase: { kind: "reserved", reservation: "gpus" } }).nodeConfig.reservationAffinity).toEqual(
      {
        consumeReservationType: "SPECIFIC_RESERVATION",
        key: "compute.googleapis.com/reservation-name",
        values: ["gpus"],
      },
    );
  });

  it("of a queued pool come for pods that wait, go after their time, and are not repaired", () => {
    const pool = made({ ...l4, min: 0, purchase: { kind: "queued", maxRunDuration: "24h" } });
    expect(pool.nodeConfig).toMatchObject({
      flexStart: true,
      maxRunDuration: "86400s",
      reservationAffinity: { consumeReservationType: "NO_RESERVATION" },
    });
    expect(pool.management).toEqual({ autoRepair: false, autoUpgrade: true });
    // With it, only ProvisioningRequests would bring nodes, and no Rollout makes one.
    expect(pool).not.toHaveProperty("queuedProvisioning");
  });

  it("are side by side when compact", () => {
    const zones = ["europe-west4-a"];
    expect(made({ ...h100, zones, placement: "compact" })).toMatchObject({
      placementPolicy: { type: "COMPACT" },
      networkConfig: { enablePrivateNodes: true },
    });
    expect(made(h100)).not.toHaveProperty("placementPolicy");
  });

  it("use the local disks that the machine brings", () => {
    expect(made(h100).nodeConfig.ephemeralStorageLocalSsdConfig).toEqual({ localSsdCount: 16 });
    expect(made(l4).nodeConfig).not.toHaveProperty("ephemeralStorageLocalSsdConfig");
  });

  it("have the GPUs attached that are asked for, the fewest otherwise", () => {
    const n1: GkePoolArgs = { machine: "n1-standard-16", min: 0, max: 1 };
    expect(gpusOf(n1)).toBe(1);
    expect(gpusOf({ ...n1, gpusPerNode: 2 })).toBe(2);
    expect(made({ ...n1, gpusPerNode: 2 }).nodeConfig.guestAccelerators).toMatchObject([
      { type: "nvidia-tesla-t4", count: 2 },
    ]);
  });
});

describe("the name of a pool", () => {
  it("changes with what GKE cannot change in place, so that new nodes come before old ones go", () => {
    const name = made(h100).name;
    const changes: Partial<GkePoolArgs>[] = [
      { machine: "a3-highgpu-4g" },
      { sharing: { kind: "mps", clients: 2 } },
      { purchase: { kind: "spot" } },
      { purchase: { kind: "reserved", reservation: "h100" } },
      { zones: ["europe-west4-a"] },
      { placement: "compact" },
    ];
    const names = changes.map((change) => made({ ...h100, ...change }).name);
    expect(new Set([name, ...names]).size).toBe(changes.length + 1);
  });

  it("stays with everything else, and with defaults that are written out", () => {
    const name = made(l4).name;
    const changes: Partial<GkePoolArgs>[] = [
      { min: 0, max: 20 },
      { disk: "500GiB" },
      { labels: { "example.com/team": "fraud" } },
      { sharing: { kind: "exclusive" } },
      { purchase: { kind: "onDemand" } },
      { placement: "spread" },
      { driver: { owner: "cloud" } },
      { zones: ["europe-west4-c", "europe-west4-b", "europe-west4-a"] },
    ];
    for (const change of changes) expect(made({ ...l4, ...change }).name).toBe(name);
  });

  it("is legal on GKE and of the pool's own key", () => {
    expect(made(l4, "a".repeat(20)).name).toMatch(/^a{20}-[a-z0-9]{6}$/);
  });
});

describe("problems that only GKE has", () => {
  it("has none with pools as they should be", () => {
    expect(gkePoolProblems(l4)).toEqual([]);
    expect(gkePoolProblems({ machine: "n1-standard-32", min: 0, max: 1, gpusPerNode: 4 })).toEqual([]);
  });

  it("finds GPUs counted that are built in", () => {
    expect(gkePoolProblems({ ...h100, gpusPerNode: 4 })).toEqual([
      { path: "gpusPerNode", reason: '"a3-highgpu-8g" has its 8 GPUs built in.', fix: "Leave it out." },
    ]);
    expect(gkePoolProblems({ ...l4, gpusPerNode: 1 })[0]?.reason).toBe('"g2-standard-12" has its 1 GPU built in.');
  });

  it("finds a count that the machine does not take", () => {
    expect(gkePoolProblems({ machine: "n1-standard-32", min: 0, max: 1, gpusPerNode: 2 })).toEqual([
      { path: "gpusPerNode", reason: '"n1-standard-32" takes 1 or 4 GPUs, not 2.', fix: "Write one of these." },
    ]);
  });

  it("finds more pods than a node runs", () => {
    expect(gkePoolProblems({ ...h100, sharing: { kind: "timeSlicing", replicas: 48 } })).toEqual([
      {
        path: "sharing",
        reason: "8 GPUs with 48 pods each are too many for a node: GKE runs 256 pods, 24 of them the system's.",
        fix: "Share a GPU between 29 pods at most.",
      },
    ]);
  });

  it("says what would fit, and it does", () => {
    expect(gkePoolProblems({ ...h100, sharing: { kind: "timeSlicing", replicas: 29 } })).toEqual([]);
  });
});

describe("pods of a node", () => {
  it.each<[GkePoolArgs, number]>([
    [l4, 32],
    [{ ...l4, sharing: { kind: "timeSlicing", replicas: 16 } }, 64],
    [{ ...h100, sharing: { kind: "mig", profile: "1g.10gb" } }, 128],
    [{ ...h100, sharing: { kind: "mps", clients: 20 } }, 256],
  ])("are as many as its shares and the system need: %j", (pool, pods) => {
    expect(maxPods(pool)).toBe(pods);
    expect(made(pool).maxPodsPerNode).toBe(pods);
  });

  it("take twice the addresses each, and the system pool its own, one upgraded node included", () => {
    expect(podAddresses([])).toBe(7 * 128);
    expect(podAddresses([l4, { ...h100, sharing: { kind: "mig", profile: "1g.10gb" } }])).toBe(
      7 * 128 + 8 * 64 + 2 * 256,
    );
  });
});

it("gives the platform a node in each zone, without GPUs and without a taint", () => {
  const pool = systemNodePool(base) as unknown as PlainPool;
  expect(pool).toMatchObject({
    name: "system",
    initialNodeCount: 1,
    nodeLocations: base.zones,
    autoscaling: { totalMinNodeCount: 3, totalMaxNodeCount: 6, locationPolicy: "BALANCED" },
    upgradeSettings: { maxSurge: 1, maxUnavailable: 0 },
  });
  expect(pool.nodeConfig).not.toHaveProperty("taints");
  expect(pool.nodeConfig).not.toHaveProperty("guestAccelerators");
});

it("builds every machine that models may run on, with as many GPUs as are published", () => {
  const names = Object.keys(gcpMachines) as (keyof typeof gcpMachines)[];
  fc.assert(
    fc.property(fc.constantFrom(...names), (machine) => {
      const pool: GkePoolArgs = { machine, min: 0, max: 1 };
      fc.pre(poolProblems(gcpRules, pool, gcpMachines[machine], base.zones).length === 0);
      expect(gkePoolProblems(pool)).toEqual([]);
      expect(made(pool).nodeConfig.guestAccelerators).toMatchObject([{ count: gpusOf(pool) }]);
    }),
  );
});
