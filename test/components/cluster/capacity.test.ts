import fc from "fast-check";
import { expect, it } from "vitest";
import { capacityOf } from "../../../components/cluster/capacity.ts";
import { awsMachines } from "../../../components/cluster/eks/awsMachines.ts";
import { publishedPool, type Sharing } from "../../../components/cluster/gpuPool.ts";

const cloud = { owner: "cloud" } as const;
const pool = (machine: keyof typeof awsMachines, min: number, max: number, sharing?: Sharing) =>
  publishedPool(
    awsMachines[machine],
    awsMachines[machine].gpus,
    { machine, min, max, ...(sharing === undefined ? {} : { sharing }) },
    cloud,
  );

it("is the sum of the pools at their least and at their most", () => {
  expect(
    capacityOf({ l4: pool("g6.2xlarge", 1, 8), big: pool("g6.12xlarge", 0, 2), a10: pool("g5.2xlarge", 2, 2) }),
  ).toEqual({
    nodes: { min: 3, max: 12 },
    vcpu: { min: 24, max: 176 },
    memoryGiB: { min: 96, max: 704 },
    gpus: { L4: { min: 1, max: 16 }, A10G: { min: 2, max: 2 } },
  });
});

it("counts GPUs, not the shares they are cut into", () => {
  expect(
    capacityOf({
      slices: pool("p4d.24xlarge", 1, 2, { kind: "mig", profile: "1g.5gb" }),
      turns: pool("g6.2xlarge", 1, 3, { kind: "timeSlicing", replicas: 7 }),
    }).gpus,
  ).toEqual({ "A100-40GB": { min: 8, max: 16 }, L4: { min: 1, max: 3 } });
});

it("counts whole GPUs however they are shared", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 48 }), fc.nat(5), fc.nat(5), (shares, min, more) => {
      const { gpus } = capacityOf({
        a: pool("g6.48xlarge", min, min + more, { kind: "mps", clients: shares }),
        b: pool("g6.12xlarge", min, min + more, { kind: "timeSlicing", replicas: shares }),
      });
      expect(gpus.L4).toEqual({ min: 12 * min, max: 12 * (min + more) });
    }),
  );
});

it("is nothing without pools, and keeps what a site says of itself", () => {
  const nothing = { min: 0, max: 0 };
  const site = { bandwidthMbps: 200, latencyZone: "frankfurt" };
  expect(capacityOf({}, site)).toEqual({ nodes: nothing, vcpu: nothing, memoryGiB: nothing, gpus: {}, site });
  expect(capacityOf({})).not.toHaveProperty("site");
});
