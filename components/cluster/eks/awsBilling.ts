import { type BilledItem, type Billing, type PriceList, poolItems } from "../billing.ts";
import type { WithIngress } from "../ingress.ts";
import prices from "./awsPrices.json" with { type: "json" };
import type { EksDeclaration } from "./eksArgs.ts";
import { defaultSystemMachine, systemDiskGiB, systemNodeCounts } from "./systemNodes.ts";

/** How AWS bills a cluster: the control plane, nodes with their EBS volumes, NAT gateways, and the load balancer. */
export const awsBilling: Billing<EksDeclaration & WithIngress> = {
  prices: prices as unknown as readonly PriceList[],
  egress: "egress",
  items({ zones, gpuPools = {}, systemMachine = defaultSystemMachine, ingress }) {
    const system = systemNodeCounts(zones);
    const always = (kind: BilledItem["kind"], name: string, count = 1): BilledItem => ({
      kind,
      name,
      meter: name,
      unit: "hour",
      least: count,
      most: count,
    });
    // Each NAT gateway has an Elastic IP; a load balancer on the internet has an address in each zone.
    const addresses = zones.length * (ingress?.kind === "public" ? 2 : 1);
    return [
      always("controlPlane", "EKS cluster"),
      { kind: "systemNodes", name: "system", meter: systemMachine, unit: "hour", ...system },
      {
        kind: "disks",
        name: "system",
        meter: "gp3",
        unit: "GiB month",
        least: system.least * systemDiskGiB,
        most: system.most * systemDiskGiB,
      },
      ...poolItems(gpuPools, (gib) => ({ meter: "gp3", unit: "GiB month", units: gib })),
      always("loadBalancer", "Network Load Balancer"),
      always("network", "NAT gateway", zones.length),
      always("network", "public IPv4 address", addresses),
    ];
  },
};
