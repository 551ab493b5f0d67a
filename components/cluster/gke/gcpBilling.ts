import { type Billing, nodesOf, type PriceList, poolItems } from "../billing.ts";
import { type GcpMachine, gcpMachines } from "./gcpMachines.ts";
import prices from "./gcpPrices.json" with { type: "json" };
import type { GkeDeclaration } from "./gkeArgs.ts";
import { gpusOf, systemPool } from "./gkePools.ts";

/** A Cloud NAT gateway is billed for 32 machines at most (cloud.google.com/nat/pricing). */
const mostNatMachines = 32;

/** Families whose nodes get a balanced Persistent Disk. Newer ones take Hyperdisk alone. */
const persistentDisk = /^(?:g2|a2|n1)-/;

/**
 * How Google Cloud bills a cluster: the management fee, nodes with their boot disks, attached GPUs, Cloud NAT by the
 * number of nodes, and the forwarding rule of the gateway's load balancer.
 */
export const gcpBilling: Billing<GkeDeclaration> = {
  prices: prices as unknown as readonly PriceList[],
  egress: "egress",
  items({ gpuPools = {} }) {
    const gpuNodes = nodesOf(gpuPools);
    const { min, max, diskGb } = systemPool;
    const nat = (nodes: number) => Math.min(mostNatMachines, nodes);
    return [
      { kind: "controlPlane", name: "GKE cluster", meter: "GKE cluster", unit: "hour", least: 1, most: 1 },
      { kind: "systemNodes", name: "system", meter: systemPool.machine, unit: "hour", least: min, most: max },
      {
        kind: "disks",
        name: "system",
        meter: "pd-balanced",
        unit: "GiB month",
        least: min * diskGb,
        most: max * diskGb,
      },
      ...poolItems(
        gpuPools,
        (gib, { machine }) => ({
          meter: persistentDisk.test(machine) ? "pd-balanced" : "hyperdisk-balanced",
          unit: "GiB month",
          units: gib,
        }),
        (pool) => {
          const machine: GcpMachine = gcpMachines[pool.machine];
          return machine.attachable === undefined ? undefined : { meter: machine.acceleratorType, count: gpusOf(pool) };
        },
      ),
      { kind: "loadBalancer", name: "forwarding rule", meter: "forwarding rule", unit: "hour", least: 1, most: 1 },
      {
        kind: "network",
        name: "Cloud NAT",
        meter: "Cloud NAT, a VM",
        unit: "hour",
        least: nat(min + gpuNodes.least),
        most: nat(max + gpuNodes.most),
      },
      { kind: "network", name: "Cloud NAT", meter: "Cloud NAT, its address", unit: "hour", least: 1, most: 1 },
    ];
  },
};
