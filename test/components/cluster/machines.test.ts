import { describe, expect, it } from "vitest";
import { azureMachines } from "../../../components/cluster/aks/azureMachines.ts";
import { azureRules } from "../../../components/cluster/aks/azureRules.ts";
import { awsMachines } from "../../../components/cluster/eks/awsMachines.ts";
import { awsRules } from "../../../components/cluster/eks/awsRules.ts";
import { gcpMachines } from "../../../components/cluster/gke/gcpMachines.ts";
import { gcpRules } from "../../../components/cluster/gke/gcpRules.ts";
import { type GpuModel, gpuFacts, gpus } from "../../../components/cluster/machines/gpus.ts";
import type { Machine } from "../../../components/cluster/machines/machine.ts";
import { machineProblems } from "../../../components/cluster/machines/machineProblems.ts";

const rules = { aws: awsRules, azure: azureRules, gcp: gcpRules };
type Cloud = keyof typeof rules;
const catalogues: Record<Cloud, Readonly<Record<string, Machine>>> = {
  aws: awsMachines,
  azure: azureMachines,
  gcp: gcpMachines,
};
const all = Object.entries(catalogues).flatMap(([cloud, machines]) =>
  Object.entries(machines).map(([name, machine]) => ({ cloud: cloud as Cloud, name, machine })),
);

describe("every machine", () => {
  it.each(all)("$cloud $name is consistent", ({ machine }) => {
    const { vcpu, memoryGiB, gpu, gpus: count, fraction } = machine;
    for (const whole of [vcpu, memoryGiB, count]) {
      expect(Number.isInteger(whole)).toBe(true);
      expect(whole).toBeGreaterThan(0);
    }
    expect(Object.keys(gpus)).toContain(gpu);
    if (fraction !== undefined) {
      expect(count).toBe(1);
      expect(fraction).toBeGreaterThan(0);
      expect(fraction).toBeLessThan(1);
    }
  });

  it("has the GPU of its family: quotas are kept by it", () => {
    const gpuOf = new Map<string, string>();
    for (const { cloud, machine } of all) {
      const family = `${cloud} ${machine.family}`;
      expect(gpuOf.get(family) ?? machine.gpu, family).toBe(machine.gpu);
      gpuOf.set(family, machine.gpu);
    }
  });
});

it("has as many machines as its sources list, and as many good for a GPU node", () => {
  const counts = Object.fromEntries(
    Object.entries(catalogues).map(([cloud, machines]) => [
      cloud,
      {
        all: Object.keys(machines).length,
        good: Object.entries(machines).filter(
          ([name, machine]) => machineProblems(rules[cloud as Cloud], name, machine).length === 0,
        ).length,
      },
    ]),
  );
  expect(counts).toEqual({
    aws: { all: 65, good: 43 },
    azure: { all: 19, good: 15 },
    gcp: { all: 36, good: 29 },
  });
});

describe("machines of AWS", () => {
  it("are named by their family", () => {
    for (const [name, { family }] of Object.entries(awsMachines)) expect(name.split(".")[0]).toBe(family);
  });

  it("have EFA where they have several GPUs, and on P machines", () => {
    for (const [name, machine] of Object.entries<(typeof catalogues.aws)[string] & { efaInterfaces?: number }>(
      awsMachines,
    )) {
      if ((machine.gpus > 1 || name.startsWith("p")) && machine.arch !== "arm64") {
        expect(machine.efaInterfaces, name).toBeGreaterThanOrEqual(1);
      }
    }
  });
});

describe("machines of Azure", () => {
  it("say their vCPU in their names", () => {
    for (const [name, { vcpu }] of Object.entries(azureMachines)) expect(Number(/\d+/.exec(name)?.[0])).toBe(vcpu);
  });

  it("run AKS's GRID driver exactly where they are vGPUs", () => {
    for (const { family, driver } of Object.values(azureMachines)) {
      expect(driver).toBe(family === "NVadsA10_v5" ? "grid" : "cuda-lts");
    }
  });

  it("can be cut by AKS wherever their GPU has MIG: NC A100 v4, NC H100 v5 and ND", () => {
    for (const [name, { gpu }] of Object.entries(azureMachines)) {
      expect(gpuFacts(gpu).mig !== undefined).toBe(/_(NC\d+\w*_A100_v4|NC\d+\w*_H100_v5|ND\w+)$/.test(name));
    }
  });
});

describe("machines of Google Cloud", () => {
  it("have one accelerator type by GPU, but for the H100 of a3-megagpu", () => {
    for (const [name, { gpu, acceleratorType }] of Object.entries(gcpMachines)) {
      const types: Partial<Record<GpuModel, string>> = {
        T4: "nvidia-tesla-t4",
        L4: "nvidia-l4",
        "RTX-PRO-6000-96GB": "nvidia-rtx-pro-6000",
        "A100-40GB": "nvidia-tesla-a100",
        "A100-80GB": "nvidia-a100-80gb",
        "H100-80GB": name.startsWith("a3-mega") ? "nvidia-h100-mega-80gb" : "nvidia-h100-80gb",
        "H200-141GB": "nvidia-h200-141gb",
        "B200-180GB": "nvidia-b200",
        GB200: "nvidia-gb200",
      };
      expect(acceleratorType, name).toBe(types[gpu]);
    }
  });

  it("say their size in their names: vCPU, or GPUs", () => {
    for (const [name, { vcpu, gpus: count }] of Object.entries(gcpMachines)) {
      const [, size, unit] = /-(\d+)(g?)$/.exec(name) ?? [];
      expect(Number(size), name).toBe(unit === "g" ? count : vcpu);
    }
  });

  it("have GPUs attached on n1 only, one at least", () => {
    for (const [name, machine] of Object.entries<Machine & { attachable?: readonly number[] }>(gcpMachines)) {
      expect(machine.attachable !== undefined, name).toBe(name.startsWith("n1-"));
      if (machine.attachable !== undefined) expect(machine.attachable[0]).toBe(machine.gpus);
    }
  });
});

describe("MIG", () => {
  it("is what NVIDIA's mig-parted makes by default, model by model", () => {
    const tables = Object.fromEntries(
      (Object.keys(gpus) as GpuModel[]).flatMap((model) => {
        const { mig } = gpuFacts(model);
        return mig === undefined
          ? []
          : [
              [
                model,
                Object.entries(mig)
                  .map(([profile, count]) => `${profile}×${count}`)
                  .join(", "),
              ],
            ];
      }),
    );
    expect(tables).toEqual({
      "A100-40GB": "1g.5gb×7, 1g.10gb×4, 2g.10gb×3, 3g.20gb×2, 4g.20gb×1, 7g.40gb×1",
      "A100-80GB": "1g.10gb×7, 1g.20gb×4, 2g.20gb×3, 3g.40gb×2, 4g.40gb×1, 7g.80gb×1",
      "H100-80GB": "1g.10gb×7, 1g.20gb×4, 2g.20gb×3, 3g.40gb×2, 4g.40gb×1, 7g.80gb×1",
      "H100-NVL-94GB": "1g.12gb×7, 1g.24gb×4, 2g.24gb×3, 3g.47gb×2, 4g.47gb×1, 7g.94gb×1",
      "H200-141GB": "1g.18gb×7, 1g.35gb×4, 2g.35gb×3, 3g.71gb×2, 4g.71gb×1, 7g.141gb×1",
      "B200-180GB": "1g.23gb×7, 1g.45gb×4, 2g.45gb×3, 3g.90gb×2, 4g.90gb×1, 7g.180gb×1",
      B300: "1g.34gb×7, 1g.67gb×4, 2g.67gb×3, 3g.135gb×2, 4g.135gb×1, 7g.269gb×1",
      "RTX-PRO-6000-96GB": "1g.24gb×4, 2g.48gb×2, 4g.96gb×1",
    });
  });

  it("never gives away more than a GPU has", () => {
    for (const model of Object.keys(gpus) as GpuModel[]) {
      const { mig = {}, memoryGiB } = gpuFacts(model);
      for (const [profile, count] of Object.entries(mig)) {
        const [slices = 0, memory = 0] = profile.split(/g\.|gb/).map(Number);
        expect(slices * count, `${model} ${profile}`).toBeLessThanOrEqual(7);
        // A profile's name rounds its memory, up to half a GiB.
        expect((memory - 0.5) * count, `${model} ${profile}`).toBeLessThanOrEqual(memoryGiB);
      }
    }
  });

  it("needs Ampere or newer", () => {
    for (const model of Object.keys(gpus) as GpuModel[]) {
      const { mig, computeCapability } = gpuFacts(model);
      if (mig !== undefined) expect(computeCapability).toBeGreaterThanOrEqual(8);
    }
  });
});
