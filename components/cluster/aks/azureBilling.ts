import { type Billing, type PriceList, poolItems } from "../billing.ts";
import type { WithIngress } from "../ingress.ts";
import type { AksDeclaration } from "./aksArgs.ts";
import prices from "./azurePrices.json" with { type: "json" };
import { defaultSystemMachine, systemDiskGiB, systemNodeCounts } from "./managedClusterArgs.ts";

/** Sizes by which Azure bills Premium SSD, in GiB: a disk costs as much as the next size that is not smaller. */
const tiers = [
  [128, "P10"],
  [256, "P15"],
  [512, "P20"],
  [1024, "P30"],
  [2048, "P40"],
] as const;

/** The size of Premium SSD that a disk of so many GiB is billed as. */
export function premiumSsd(gib: number): string {
  return `Premium SSD ${tiers.find(([size]) => size >= gib)?.[1] ?? "P50"}`;
}

/**
 * How Azure bills a cluster: the Standard tier, nodes with their managed disks, and load balancers: one through which
 * the nodes reach the internet, and one of the gateway's own where it is internal.
 */
export const azureBilling: Billing<AksDeclaration & WithIngress> = {
  prices: prices as unknown as readonly PriceList[],
  egress: "egress",
  items({ gpuPools = {}, systemMachine = defaultSystemMachine, ingress }) {
    // The way out has an address of its own beside that of a gateway on the internet.
    const addresses = ingress?.kind === "public" ? 2 : 1;
    const balancers = ingress?.kind === "public" ? 1 : 2;
    return [
      { kind: "controlPlane", name: "AKS Standard tier", meter: "AKS Standard tier", unit: "hour", least: 1, most: 1 },
      { kind: "systemNodes", name: "system", meter: systemMachine, unit: "hour", ...systemNodeCounts },
      { kind: "disks", name: "system", meter: premiumSsd(systemDiskGiB), unit: "month", ...systemNodeCounts },
      ...poolItems(gpuPools, (gib) => ({ meter: premiumSsd(gib), unit: "month", units: 1 })),
      {
        kind: "loadBalancer",
        name: "Standard Load Balancer",
        meter: "Standard Load Balancer",
        unit: "hour",
        least: balancers,
        most: balancers,
      },
      {
        kind: "network",
        name: "public IPv4 address",
        meter: "public IPv4 address",
        unit: "hour",
        least: addresses,
        most: addresses,
      },
    ];
  },
};
