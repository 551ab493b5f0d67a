import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { amount, poolNodes, product } from "../../preflight/gpuNodes.ts";
import { needs, nodesOf, pool } from "./cluster.ts";

describe("a Kubernetes quantity", () => {
  const units = { "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };

  it("is the number it writes, in any unit", () => {
    const whole = fc.integer({ min: 0, max: 1_000_000 });
    fc.assert(
      fc.property(whole, fc.constantFrom(...Object.entries(units)), (number, [suffix, factor]) => {
        expect(amount(`${number}${suffix}`)).toBeCloseTo(number * factor, 0);
      }),
    );
  });

  it.each([
    ["7910m", 7.91],
    ["1.5Gi", 1.5 * 2 ** 30],
    ["1e3", 1_000],
    ["0", 0],
    [undefined, 0],
  ])("%s", (quantity, value) => {
    expect(amount(quantity)).toBeCloseTo(value, 9);
  });
});

it.each([
  ["NVIDIA-L4", "NVIDIA-L4"],
  ["NVIDIA-L4-SHARED", "NVIDIA-L4"],
  ["NVIDIA-A100-SXM4-80GB-MIG-1g.10gb", "NVIDIA-A100-SXM4-80GB"],
  ["NVIDIA-A100-SXM4-80GB-MIG-1g.10gb-SHARED", "NVIDIA-A100-SXM4-80GB"],
  [undefined, undefined],
])("%s is the product %s", (label, name) => {
  expect(product(label)).toBe(name);
});

it("counts each node in one pool at most, whatever is declared", () => {
  const products = fc.constantFrom("NVIDIA-L4", "NVIDIA-L4-SHARED", "NVIDIA-A10", undefined);
  const nodes = fc.array(products, { maxLength: 8 }).map((labels) =>
    labels.map((label, index) => ({
      ...(nodesOf("k3s")[0] as ReturnType<typeof nodesOf>[number]),
      name: `gpu-${index}`,
      labels: { "nvidia.com/gpu.present": "true", ...(label === undefined ? {} : { "nvidia.com/gpu.product": label }) },
    })),
  );
  const pools = fc
    .uniqueArray(fc.constantFrom("NVIDIA-L4", "NVIDIA-L4-SHARED", "NVIDIA-A10"), { maxLength: 3 })
    .chain((of) =>
      fc
        .array(fc.integer({ min: 0, max: 4 }), { minLength: of.length, maxLength: of.length })
        .map((max) =>
          Object.fromEntries(
            of.map((name, index) => [
              name,
              pool({ min: 0, max: max[index] ?? 0, nodeSelector: { "nvidia.com/gpu.product": name } }),
            ]),
          ),
        ),
    );
  fc.assert(
    fc.property(nodes, pools, (seen, gpuPools) => {
      const names = poolNodes(needs({ gpuPools }), seen).flatMap((found) => found.nodes.map(({ name }) => name));
      expect(new Set(names).size).toBe(names.length);
    }),
  );
});
