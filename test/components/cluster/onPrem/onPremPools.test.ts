import { describe, expect, it } from "vitest";
import { gpus } from "../../../../components/cluster/machines/gpus.ts";
import {
  type OnPremGpuPool,
  onPremPoolProblems,
  overlappingPools,
  publishedOnPremPool,
} from "../../../../components/cluster/onPrem/onPremPools.ts";

const sound = { gpu: "L4", gpusPerNode: 2, nodes: 3, vcpu: 32, memoryGiB: 128 } as const satisfies OnPremGpuPool;

/** The problems of a sound pool after a change, as printed. `wrong` may say what no type allows: data can. */
function problems(wrong: object): string[] {
  return onPremPoolProblems({ ...sound, ...wrong } as OnPremGpuPool).map(({ path, reason, fix }) =>
    [`${path}:`, reason, fix].join(" "),
  );
}

it("has nothing to say about a sound pool, nor about one whose nodes are still to come", () => {
  expect([...problems({}), ...problems({ nodes: 0 })]).toEqual([]);
});

describe("refuses", () => {
  const models = Object.keys(gpus)
    .map((model) => `"${model}"`)
    .join(", ");
  const selector = { nodeSelector: { "example.com/pool": "a" } };
  it.each([
    ["a model it does not know", { gpu: "L4S" }, `gpu: "L4S" is not one of ${models}. Did you mean "L4"?`],
    [
      "a GPU that Triton has left behind",
      { gpu: "V100-32GB" },
      "gpu: a V100-32GB has compute capability 7.0, but current Triton needs 7.5. Leave the pool out.",
    ],
    ["half a GPU", { gpusPerNode: 0.5 }, "gpusPerNode: 0.5 is not a whole number of at least 1. Write 1 or more."],
    ["less than no node", { nodes: -1 }, "nodes: -1 is not a whole number of at least 0. Write 0 or more."],
    [
      "few CPUs",
      { vcpu: 4 },
      "vcpu: 4 vCPU is below 8, the least of a GPU node: the model server and what runs beside it. Leave smaller nodes out of the pool.",
    ],
    [
      "little memory",
      { memoryGiB: 16 },
      "memoryGiB: 16 GiB is below 32, the least of a GPU node: the model server and what runs beside it. Leave smaller nodes out of the pool.",
    ],
    [
      "MIG on a GPU without it",
      { sharing: { kind: "mig", profile: "1g.10gb" } },
      'sharing: L4 has no MIG that is confirmed. Write { kind: "mps", clients: 2 } or { kind: "timeSlicing", replicas: 2 }, or choose a machine with A100, H100 or newer.',
    ],
    [
      "more pods on a GPU than can take turns",
      { sharing: { kind: "timeSlicing", replicas: 49 } },
      'sharing.replicas: 49 is not a whole number from 2 to 48. Write how many pods share a GPU, or sharing: { kind: "exclusive" } for one.',
    ],
    [
      "a cloud's driver",
      { driver: { owner: "cloud" } },
      'driver.owner: "cloud" is not one of "operator", "preinstalled". ',
    ],
    [
      "a driver that is there but not named",
      { driver: { owner: "preinstalled" } },
      'driver.version: "" is not a full driver version. Write what nvidia-smi prints, for example "580.159.03".',
    ],
    [
      "half a driver version",
      { driver: { owner: "operator", version: "580" } },
      'driver.version: "580" is not a full driver version. Write what nvidia-smi prints, for example "580.159.03".',
    ],
    [
      "a model that is sold under two names, unless the nodes are named",
      { gpu: "H100-80GB" },
      'nodeSelector: there is none, and a H100-80GB is sold as NVIDIA-H100-80GB-HBM3 and NVIDIA-H100-PCIe. Write what the nodes are labelled with, for example {"nvidia.com/gpu.product":"NVIDIA-H100-80GB-HBM3"}.',
    ],
    [
      "a model whose name is not confirmed, unless the nodes are named",
      { gpu: "B200-180GB", sharing: { kind: "mig", profile: "1g.23gb" } },
      'nodeSelector: there is none, and the name that GPU feature discovery gives a B200-180GB is not confirmed. Write what the nodes are labelled with, for example {"nvidia.com/gpu.product":"NVIDIA-…-MIG-1g.23gb"}.',
    ],
    [
      "a selector of every node",
      { nodeSelector: {} },
      "nodeSelector: it is empty, so it selects every node of the cluster. Leave it out, or name a label of the pool's nodes.",
    ],
    [
      "a selector that no node can have",
      { nodeSelector: { "example.com/pool": "the big ones" } },
      'nodeSelector["example.com/pool"]: "example.com/pool=the big ones" is not a Kubernetes label. Write a label as kubectl get nodes --show-labels prints it.',
    ],
  ] as const)("%s", (_, wrong, said) => {
    expect(problems(wrong)).toEqual([said]);
  });

  it("nothing of a model with two names or none once its nodes are named", () => {
    expect([...problems({ gpu: "H100-80GB", ...selector }), ...problems({ gpu: "B200-180GB", ...selector })]).toEqual(
      [],
    );
  });
});

describe("is found by what GPU feature discovery writes on its nodes", () => {
  const selectorOf = (pool: Partial<OnPremGpuPool>) => publishedOnPremPool({ ...sound, ...pool }).nodeSelector;

  it.each([
    ["whole GPUs", {}, { "nvidia.com/gpu.product": "NVIDIA-L4" }],
    [
      "slices",
      { gpu: "H200-141GB", sharing: { kind: "mig", profile: "1g.18gb" } },
      { "nvidia.com/gpu.product": "NVIDIA-H200-MIG-1g.18gb" },
    ],
    [
      "turns",
      { sharing: { kind: "timeSlicing", replicas: 4 } },
      { "nvidia.com/gpu.product": "NVIDIA-L4-SHARED", "nvidia.com/gpu.sharing-strategy": "time-slicing" },
    ],
    [
      "shares",
      { sharing: { kind: "mps", clients: 4 } },
      { "nvidia.com/gpu.product": "NVIDIA-L4-SHARED", "nvidia.com/gpu.sharing-strategy": "mps" },
    ],
    ["what its owner says", { nodeSelector: { "example.com/pool": "a" } }, { "example.com/pool": "a" }],
  ] as const)("%s", (_, pool, selector) => {
    expect(selectorOf(pool)).toEqual(selector);
  });

  it("so that two kinds of sharing never meet", () => {
    const kinds = [
      { kind: "exclusive" },
      { kind: "mig", profile: "1g.18gb" },
      { kind: "timeSlicing", replicas: 2 },
      { kind: "mps", clients: 2 },
    ] as const;
    const pools = Object.fromEntries(kinds.map((sharing) => [sharing.kind, { ...sound, gpu: "H200-141GB", sharing }]));
    expect(overlappingPools(pools as Record<string, OnPremGpuPool>)).toEqual([]);
  });
});

it("offers as many shares as its GPUs are cut into, and never more or fewer nodes", () => {
  const pool = { ...sound, gpu: "H200-141GB", sharing: { kind: "mig", profile: "1g.18gb" } } as const;
  expect(publishedOnPremPool(pool)).toMatchObject({ gpusPerNode: 14, min: 3, max: 3, spot: false, vcpu: 32 });
  expect(publishedOnPremPool(sound)).toMatchObject({ sharing: { kind: "exclusive" }, driver: { owner: "operator" } });
});

describe("pools of one cluster", () => {
  it("that select the same nodes are refused once, by the first of the two", () => {
    expect(overlappingPools({ small: sound, large: { ...sound, vcpu: 128 } })).toEqual([
      {
        path: 'gpuPools["large"].nodeSelector',
        reason: '{"nvidia.com/gpu.product":"NVIDIA-L4"} selects the nodes of pool "small", too.',
        fix: "Label the nodes of one of them and select by that label.",
      },
    ]);
  });

  it("of which one selects all nodes of the other are refused", () => {
    const narrow = { ...sound, nodeSelector: { "nvidia.com/gpu.product": "NVIDIA-L4", "example.com/rack": "7" } };
    expect(overlappingPools({ wide: sound, narrow }).map(({ path }) => path)).toEqual([
      'gpuPools["wide"].nodeSelector',
    ]);
  });

  it("that differ in a label are two", () => {
    const rack = (name: string) => ({ ...sound, nodeSelector: { "example.com/rack": name } });
    expect(overlappingPools({ a: rack("7"), b: rack("8") })).toEqual([]);
  });
});
