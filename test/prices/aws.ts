import type { FoundPrice } from "./lists.ts";

/**
 * The offers of AWS that a cluster is billed by: `offers/v1.0/aws/<offer>/current/<region>/index.csv` of the bulk API
 * (docs.aws.amazon.com/awsaccountbilling, "Reading the service price list file").
 */
export const awsOffers = ["AmazonEC2", "AmazonEKS", "AmazonVPC", "AWSELB", "AWSDataTransfer"] as const;

/** The fields of one line of a price list file: quoted, with doubled quotes inside. */
export function csvFields(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"'),
  );
}

/** Reads a file line by line. Five lines say what it is, the sixth has the names of the columns. */
export async function* awsPrices(
  lines: AsyncIterable<string> | Iterable<string>,
  region: string,
  machines: ReadonlySet<string>,
): AsyncGenerator<FoundPrice> {
  let names: string[] | undefined;
  for await (const line of lines) {
    const fields = csvFields(line);
    if (names === undefined) {
      if (fields[0] === "SKU") names = fields;
      continue;
    }
    const known = names;
    const row = Object.fromEntries(fields.map((value, index) => [known[index] ?? "", value]));
    const found = awsPrice(row, region, machines);
    if (found !== undefined) yield found;
  }
}

/** The price in one row, where it is one that a cluster is billed by. */
function awsPrice(
  row: Readonly<Record<string, string>>,
  region: string,
  machines: ReadonlySet<string>,
): FoundPrice | undefined {
  if (row.TermType !== "OnDemand" || row.Currency !== "USD") return undefined;
  const dollars = Number(row.PricePerUnit);
  const price = (meter: string, unit: FoundPrice["unit"], where = region): FoundPrice => ({
    meter,
    unit,
    purchase: "onDemand",
    region: where,
    dollars,
  });
  const usage = row.usageType ?? "";
  const machine = row["Instance Type"] ?? "";
  if (
    machines.has(machine) &&
    row["Operating System"] === "Linux" &&
    row.Tenancy === "Shared" &&
    row.CapacityStatus === "Used" &&
    row["Pre Installed S/W"] === "NA"
  ) {
    return price(machine, "hour");
  }
  if (usage.endsWith("EBS:VolumeUsage.gp3")) return price("gp3", "GiB month");
  if (usage.endsWith("NatGateway-Hours")) return price("NAT gateway", "hour");
  if (usage.endsWith("PublicIPv4:InUseAddress")) return price("public IPv4 address", "hour");
  if (usage.endsWith("AmazonEKS-Hours:perCluster")) return price("EKS cluster", "hour");
  if (usage.endsWith("LoadBalancerUsage") && row["Product Family"] === "Load Balancer-Network") {
    return price("Network Load Balancer", "hour");
  }
  const out = row["Transfer Type"] === "AWS Outbound" && row["To Location"] === "External";
  return out && row["From Region Code"] === region && row.StartingRange === "0" ? price("egress", "GiB") : undefined;
}
