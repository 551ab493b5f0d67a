import { type GcpMachine, gcpMachines } from "../../components/cluster/gke/gcpMachines.ts";
import type { FoundPrice } from "./lists.ts";

/** What is read of a SKU of the Cloud Billing Catalog (cloud.google.com/billing/docs/reference/rest, `services.skus`). */
export interface GcpSku {
  description: string;
  serviceRegions: readonly string[];
  category: { usageType: string };
  pricingInfo: readonly {
    pricingExpression: {
      usageUnit: string;
      tieredRates: readonly { startUsageAmount: number; unitPrice: { units?: string; nanos: number } }[];
    };
  }[];
}

/**
 * How SKUs of a family's cores, memory and GPUs are called before ` running in …`, as gcosts has them
 * (Cyclenerd/google-cloud-pricing-cost-calculator `build/mapping.csv` at dac3128). A family that is not here keeps
 * having no price.
 */
const families: Readonly<Record<string, { host: string; gpu?: string }>> = {
  "g2-standard": { host: "G2 Instance", gpu: "Nvidia L4 GPU" },
  "a2-highgpu": { host: "A2 Instance", gpu: "Nvidia Tesla A100 GPU" },
  "a2-megagpu": { host: "A2 Instance", gpu: "Nvidia Tesla A100 GPU" },
  "a2-ultragpu": { host: "A2 Instance", gpu: "Nvidia Tesla A100 80GB GPU" },
  "a3-highgpu": { host: "A3 Instance", gpu: "Nvidia H100 80GB GPU" },
  "n1+t4": { host: "N1 Predefined Instance" },
};

/** SKUs that are a meter by themselves. */
const meters: readonly { begins: string; meter: string; unit: FoundPrice["unit"] }[] = [
  { begins: "Nvidia Tesla T4 GPU", meter: "nvidia-tesla-t4", unit: "hour" },
  { begins: "Balanced PD Capacity", meter: "pd-balanced", unit: "GiB month" },
  { begins: "Hyperdisk Balanced Capacity", meter: "hyperdisk-balanced", unit: "GiB month" },
];

/** Prices of machines, attached GPUs and disks. A machine has one where all of its parts do. */
export function gcpPrices(skus: readonly GcpSku[]): FoundPrice[] {
  const found: FoundPrice[] = [];
  const parts = new Map<string, number>();
  for (const { description, serviceRegions, category, pricingInfo } of skus) {
    const purchase = { OnDemand: "onDemand", Preemptible: "spot" }[category.usageType] as
      | FoundPrice["purchase"]
      | undefined;
    const dollars = pricePerUnit(pricingInfo);
    if (purchase === undefined || dollars === undefined) continue;
    const name = description.replace(/^Spot Preemptible /, "").replace(/ (?:running in|attached to|in) .*$/, "");
    for (const region of serviceRegions) {
      parts.set(`${purchase} ${region} ${name}`, dollars);
      const meter = meters.find(({ begins }) => name === begins);
      if (meter !== undefined) found.push({ meter: meter.meter, unit: meter.unit, purchase, region, dollars });
    }
  }
  const regions = new Set(skus.flatMap(({ serviceRegions }) => serviceRegions));
  for (const purchase of ["onDemand", "spot"] as const) {
    for (const region of regions) {
      const part = (name: string) => parts.get(`${purchase} ${region} ${name}`);
      for (const [meter, machine] of Object.entries<GcpMachine>(gcpMachines)) {
        const dollars = machinePrice(machine, part);
        if (dollars !== undefined) found.push({ meter, unit: "hour", purchase, region, dollars });
      }
      const core = part("E2 Instance Core");
      const ram = part("E2 Instance Ram");
      if (core !== undefined && ram !== undefined) {
        found.push({ meter: "e2-standard-4", unit: "hour", purchase, region, dollars: rounded(4 * core + 16 * ram) });
      }
    }
  }
  return found;
}

function machinePrice(machine: GcpMachine, part: (name: string) => number | undefined): number | undefined {
  const { host, gpu } = families[machine.family] ?? {};
  const core = part(`${host} Core`);
  const ram = part(`${host} Ram`);
  const each = gpu === undefined ? 0 : part(gpu);
  if (host === undefined || core === undefined || ram === undefined || each === undefined) return undefined;
  return rounded(machine.vcpu * core + machine.memoryGiB * ram + machine.gpus * each);
}

/** The first rate that is not free. */
function pricePerUnit([info]: GcpSku["pricingInfo"]): number | undefined {
  return info?.pricingExpression.tieredRates
    .map(({ unitPrice: { units = "0", nanos } }) => Number(units) + nanos / 1e9)
    .find((rate) => rate > 0);
}

function rounded(value: number): number {
  return Number(value.toPrecision(9));
}
