import type { FoundPrice } from "./lists.ts";

/** What is read of an item of the Retail Prices API (learn.microsoft.com, "Azure Retail Prices overview"). */
export interface AzureItem {
  type: string;
  serviceName: string;
  productName: string;
  skuName: string;
  meterName: string;
  armSkuName: string;
  armRegionName: string;
  unitOfMeasure: string;
  retailPrice: number;
  tierMinimumUnits: number;
}

/** The queries of one region, as `$filter`: everything that a cluster is billed by is in one of them. */
export function azureFilters(region: string): string[] {
  const here = `armRegionName eq '${region}' and priceType eq 'Consumption'`;
  return [
    `serviceName eq 'Virtual Machines' and ${here}`,
    `serviceName eq 'Storage' and productName eq 'Premium SSD Managed Disks' and ${here}`,
    `serviceName eq 'Load Balancer' and ${here}`,
    `serviceName eq 'Virtual Network' and productName eq 'IP Addresses' and ${here}`,
    `serviceName eq 'Bandwidth' and ${here}`,
    `serviceName eq 'Azure Kubernetes Service' and ${here}`,
  ];
}

/** The price of an item, where it is one that a cluster is billed by. */
export function azurePrice(item: AzureItem, region: string, machines: ReadonlySet<string>): FoundPrice | undefined {
  const { type, serviceName, productName, skuName, meterName, unitOfMeasure, retailPrice } = item;
  if (type !== "Consumption") return undefined;
  const price = (
    meter: string,
    unit: FoundPrice["unit"],
    purchase: FoundPrice["purchase"] = "onDemand",
  ): FoundPrice => ({
    meter,
    unit,
    purchase,
    region,
    dollars: retailPrice,
  });
  switch (serviceName) {
    case "Virtual Machines":
      if (!machines.has(item.armSkuName) || unitOfMeasure !== "1 Hour") return undefined;
      if (/Windows|Cloud Services/.test(productName) || /Low Priority/.test(skuName)) return undefined;
      return price(item.armSkuName, "hour", /Spot/.test(skuName) ? "spot" : "onDemand");
    case "Storage": {
      const size = /^(P\d+) LRS Disk$/.exec(meterName)?.[1];
      return size === undefined || unitOfMeasure !== "1/Month" ? undefined : price(`Premium SSD ${size}`, "month");
    }
    case "Load Balancer":
      return meterName === "Standard Included LB Rules and Outbound Rules"
        ? price("Standard Load Balancer", "hour")
        : undefined;
    case "Virtual Network":
      return meterName === "Standard IPv4 Static Public IP" ? price("public IPv4 address", "hour") : undefined;
    case "Bandwidth":
      // 100 GB a month are free in all of an account; the price after them is the one that counts.
      return meterName === "Standard Data Transfer Out" && item.tierMinimumUnits === 100
        ? price("egress", "GiB")
        : undefined;
    case "Azure Kubernetes Service":
      return meterName === "Standard Uptime SLA" ? price("AKS Standard tier", "hour") : undefined;
    default:
      return undefined;
  }
}
