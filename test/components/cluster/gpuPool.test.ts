import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { awsMachines } from "../../../components/cluster/eks/awsMachines.ts";
import { gpuClass, gpuTaint, publishedPool, type Sharing, sharesPerGpu } from "../../../components/cluster/gpuPool.ts";
import { type GpuModel, gpuFacts, gpus, type MigProfile } from "../../../components/cluster/machines/gpus.ts";

const pool = { machine: "g6.12xlarge", min: 1, max: 3 };
const machine = awsMachines["g6.12xlarge"];
const cloud = { owner: "cloud" } as const;

const model = fc.constantFrom(...(Object.keys(gpus) as GpuModel[]));
const sharing = (gpu: GpuModel): fc.Arbitrary<Sharing> => {
  const profiles = Object.keys(gpuFacts(gpu).mig ?? {}) as MigProfile[];
  return fc.oneof(
    fc.constant<Sharing>({ kind: "exclusive" }),
    fc.integer({ min: 2, max: 48 }).map((replicas): Sharing => ({ kind: "timeSlicing", replicas })),
    fc.integer({ min: 2, max: 48 }).map((clients): Sharing => ({ kind: "mps", clients })),
    ...(profiles.length === 0
      ? []
      : [fc.constantFrom(...profiles).map((profile): Sharing => ({ kind: "mig", profile }))]),
  );
};

describe("what is published of a pool", () => {
  it("is what placement and models need, with every default filled in", () => {
    expect(publishedPool(machine, machine.gpus, pool, cloud)).toEqual({
      gpu: "L4",
      gpusPerNode: 4,
      min: 1,
      max: 3,
      sharing: { kind: "exclusive" },
      driver: { owner: "cloud" },
      vcpu: 48,
      memoryGiB: 192,
      spot: false,
      nodeSelector: { "serin.dev/gpu-class": "L4" },
      taints: [{ key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" }],
    });
  });

  it("counts shares as pods ask for them", () => {
    const shared = publishedPool(machine, 4, { ...pool, sharing: { kind: "timeSlicing", replicas: 3 } }, cloud);
    const sliced = publishedPool(
      awsMachines["p4d.24xlarge"],
      8,
      { ...pool, machine: "p4d.24xlarge", sharing: { kind: "mig", profile: "2g.10gb" } },
      cloud,
    );
    expect([shared.gpusPerNode, sliced.gpusPerNode]).toEqual([12, 24]);
    expect([shared.nodeSelector, sliced.nodeSelector]).toEqual([
      { "serin.dev/gpu-class": "L4.time-slicing" },
      { "serin.dev/gpu-class": "A100-40GB.mig-2g.10gb" },
    ]);
  });

  it("says what may be taken back", () => {
    expect(publishedPool(machine, 4, { ...pool, purchase: { kind: "spot" } }, cloud).spot).toBe(true);
  });

  it("is data that survives JSON, as a stack's output must", () => {
    const published = publishedPool(machine, 4, { ...pool, sharing: { kind: "mps", clients: 2 } }, cloud);
    expect(JSON.parse(JSON.stringify(published))).toEqual(published);
  });
});

describe("the class of a GPU", () => {
  it("tells models and kinds of sharing apart", () => {
    expect([
      gpuClass("L4", { kind: "exclusive" }),
      gpuClass("L4", { kind: "timeSlicing", replicas: 2 }),
      gpuClass("L4", { kind: "mps", clients: 2 }),
      gpuClass("A100-80GB", { kind: "mig", profile: "1g.10gb" }),
    ]).toEqual(["L4", "L4.time-slicing", "L4.mps", "A100-80GB.mig-1g.10gb"]);
  });

  it("is a legal label's value for every model, however it is shared", () => {
    fc.assert(
      fc.property(
        model.chain((gpu) => sharing(gpu).map((how) => [gpu, how] as const)),
        ([gpu, how]) => /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/.test(gpuClass(gpu, how)),
      ),
    );
  });
});

it("gives a GPU at least one share, and a GPU of one's own exactly one", () => {
  fc.assert(
    fc.property(
      model.chain((gpu) => sharing(gpu).map((how) => [gpu, how] as const)),
      ([gpu, how]) => {
        expect(sharesPerGpu(gpu, how)).toBeGreaterThanOrEqual(1);
        expect(sharesPerGpu(gpu, { kind: "exclusive" })).toBe(1);
      },
    ),
  );
});

it("has the one taint that node feature discovery tolerates", () => {
  expect(gpuTaint).toEqual({ key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" });
});
