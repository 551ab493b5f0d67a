import { expect, it } from "vitest";
import type { PriceList } from "../../../components/cluster/billing.ts";
import { awsPrices, csvFields } from "../../prices/aws.ts";
import { type AzureItem, azurePrice } from "../../prices/azure.ts";
import { type GcpSku, gcpPrices } from "../../prices/gcp.ts";
import { type FoundPrice, refreshed } from "../../prices/lists.ts";

const today = { source: "https://example.com", date: "2026-11-28" };

it("reads a line of AWS as it is quoted", () => {
  expect(csvFields('"a","b, c","say ""x""","",d')).toEqual(["a", "b, c", 'say "x"', "", "d"]);
});

it("finds of AWS what a cluster is billed by, for Linux on shared machines alone", async () => {
  const names =
    "SKU,TermType,StartingRange,Unit,PricePerUnit,Currency,Product Family,Instance Type,Tenancy,Operating System,CapacityStatus,Pre Installed S/W,usageType,Transfer Type,To Location,From Region Code".split(
      ",",
    );
  const row = (of: Record<string, string>) =>
    names.map((name) => `"${{ TermType: "OnDemand", Currency: "USD", ...of }[name] ?? ""}"`).join(",");
  const linux = {
    "Instance Type": "g6.2xlarge",
    Tenancy: "Shared",
    "Operating System": "Linux",
    CapacityStatus: "Used",
    "Pre Installed S/W": "NA",
  };
  const lines = [
    '"FormatVersion","v1.0"',
    names.map((name) => `"${name}"`).join(","),
    row({ ...linux, PricePerUnit: "0.9776" }),
    row({ ...linux, "Operating System": "Windows", PricePerUnit: "1.3456" }),
    row({ ...linux, CapacityStatus: "AllocatedCapacityReservation", PricePerUnit: "0" }),
    row({ ...linux, TermType: "Reserved", PricePerUnit: "0.5" }),
    row({ usageType: "EBS:VolumeUsage.gp3", PricePerUnit: "0.08" }),
    row({ usageType: "EUC1-NatGateway-Hours", PricePerUnit: "0.052" }),
    row({ usageType: "LoadBalancerUsage", "Product Family": "Load Balancer-Network", PricePerUnit: "0.0225" }),
    row({ usageType: "LoadBalancerUsage", "Product Family": "Load Balancer-Application", PricePerUnit: "0.0239" }),
    row({
      "Transfer Type": "AWS Outbound",
      "To Location": "External",
      "From Region Code": "us-east-1",
      StartingRange: "0",
      PricePerUnit: "0.09",
    }),
    row({
      "Transfer Type": "AWS Outbound",
      "To Location": "External",
      "From Region Code": "us-east-1",
      StartingRange: "10240",
      PricePerUnit: "0.085",
    }),
  ];
  const found: FoundPrice[] = [];
  for await (const price of awsPrices(lines, "us-east-1", new Set(["g6.2xlarge"]))) found.push(price);
  expect(found.map(({ meter, unit, dollars }) => [meter, unit, dollars])).toEqual([
    ["g6.2xlarge", "hour", 0.9776],
    ["gp3", "GiB month", 0.08],
    ["NAT gateway", "hour", 0.052],
    ["Network Load Balancer", "hour", 0.0225],
    ["egress", "GiB", 0.09],
  ]);
});

it("finds of Azure what a cluster is billed by, and spot apart from the rest", () => {
  const item = (of: Partial<AzureItem>): AzureItem => ({
    type: "Consumption",
    serviceName: "Virtual Machines",
    productName: "Virtual Machines NCasT4 v3 Series",
    skuName: "NC8as T4 v3",
    meterName: "NC8as T4 v3",
    armSkuName: "Standard_NC8as_T4_v3",
    armRegionName: "westeurope",
    unitOfMeasure: "1 Hour",
    retailPrice: 0.94,
    tierMinimumUnits: 0,
    ...of,
  });
  const disk = { serviceName: "Storage", unitOfMeasure: "1/Month" };
  const found = [
    item({}),
    item({ skuName: "NC8as T4 v3 Spot", retailPrice: 0.2 }),
    item({ skuName: "NC8as T4 v3 Low Priority" }),
    item({ productName: "Virtual Machines NCasT4 v3 Series Windows" }),
    item({ type: "DevTestConsumption" }),
    item({ armSkuName: "Standard_A1" }),
    item({ ...disk, meterName: "P15 LRS Disk", retailPrice: 40 }),
    item({ ...disk, meterName: "P15 ZRS Disk", retailPrice: 60 }),
    item({ serviceName: "Bandwidth", meterName: "Standard Data Transfer Out", retailPrice: 0 }),
    item({
      serviceName: "Bandwidth",
      meterName: "Standard Data Transfer Out",
      tierMinimumUnits: 100,
      retailPrice: 0.08,
    }),
  ].map((one) => azurePrice(one, "westeurope", new Set(["Standard_NC8as_T4_v3"])));
  expect(found.map((one) => one && [one.meter, one.purchase, one.dollars])).toEqual([
    ["Standard_NC8as_T4_v3", "onDemand", 0.94],
    ["Standard_NC8as_T4_v3", "spot", 0.2],
    undefined,
    undefined,
    undefined,
    undefined,
    ["Premium SSD P15", "onDemand", 40],
    undefined,
    undefined,
    ["egress", "onDemand", 0.08],
  ]);
});

it("adds up a machine of Google Cloud from its cores, memory and GPUs, where all of them have a price", () => {
  const sku = (description: string, nanos: number, usageType = "OnDemand"): GcpSku => ({
    description,
    serviceRegions: ["europe-west4"],
    category: { usageType },
    pricingInfo: [
      {
        pricingExpression: { usageUnit: "h", tieredRates: [{ startUsageAmount: 0, unitPrice: { units: "0", nanos } }] },
      },
    ],
  });
  const found = gcpPrices([
    sku("G2 Instance Core running in Netherlands", 27_000_000),
    sku("G2 Instance Ram running in Netherlands", 3_000_000),
    sku("Nvidia L4 GPU running in Netherlands", 600_000_000),
    sku("Spot Preemptible G2 Instance Core running in Netherlands", 9_000_000, "Preemptible"),
    sku("Nvidia Tesla T4 GPU attached to Spot Preemptible VMs running in Netherlands", 110_000_000, "Preemptible"),
    sku("Balanced PD Capacity in Netherlands", 110_000_000),
    sku("Commitment v1: Nvidia L4 GPU running in Netherlands", 1_000_000, "Commit1Yr"),
  ]);
  const of = (meter: string) =>
    found.filter((one) => one.meter === meter).map(({ purchase, dollars }) => [purchase, dollars]);
  expect(of("g2-standard-8")).toEqual([["onDemand", 0.912]]);
  expect(of("nvidia-tesla-t4")).toEqual([["spot", 0.11]]);
  expect(of("pd-balanced")).toEqual([["onDemand", 0.11]]);
  expect(of("a2-highgpu-1g")).toEqual([]);
});

it("puts new prices before the old, which lose those alone, and takes no price of 0", () => {
  const old: PriceList[] = [
    {
      unit: "hour",
      purchase: "onDemand",
      date: "2025",
      source: "https://old.example",
      prices: { a: { x: 1, y: 2 }, b: { x: 3 } },
    },
    { unit: "hour", purchase: "spot", date: "2025", source: "https://old.example", prices: { a: { x: 1 } } },
  ];
  const price = { unit: "hour", purchase: "onDemand", region: "x" } as const;
  const found = [
    { ...price, meter: "b", dollars: 4 },
    { ...price, meter: "a", dollars: 5 },
    { ...price, meter: "a", dollars: 6 },
    { ...price, meter: "c", dollars: 0 },
  ];
  expect(refreshed(old, found, today)).toEqual([
    { unit: "hour", purchase: "onDemand", ...today, prices: { a: { x: 5 }, b: { x: 4 } } },
    { ...old[0], prices: { a: { y: 2 } } },
    old[1],
  ]);
  expect(refreshed(old, [], today)).toEqual(old);
});
