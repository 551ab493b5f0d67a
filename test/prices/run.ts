import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { azureMachines } from "../../components/cluster/aks/azureMachines.ts";
import { defaultSystemMachine as azureSystem } from "../../components/cluster/aks/managedClusterArgs.ts";
import type { PriceList } from "../../components/cluster/billing.ts";
import { awsMachines } from "../../components/cluster/eks/awsMachines.ts";
import { defaultSystemMachine as awsSystem } from "../../components/cluster/eks/systemNodes.ts";
import { awsOffers, awsPrices } from "./aws.ts";
import { type AzureItem, azureFilters, azurePrice } from "./azure.ts";
import { type GcpSku, gcpPrices } from "./gcp.ts";
import { type FoundPrice, refreshed } from "./lists.ts";

// `npm run prices -- aws us-east-1 eu-central-1`, `… azure westeurope`, `GOOGLE_API_KEY=… npm run prices -- gcp`
const [cloud = "", ...regions] = process.argv.slice(2);

/** Where each cloud's prices are, and how they are asked. */
const sources: Readonly<Record<string, { file: string; source: string; ask(): AsyncIterable<FoundPrice> }>> = {
  aws: { file: "eks/awsPrices.json", source: "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws", ask: askAws },
  azure: { file: "aks/azurePrices.json", source: "https://prices.azure.com/api/retail/prices", ask: askAzure },
  gcp: {
    file: "gke/gcpPrices.json",
    source: "https://cloudbilling.googleapis.com/v1/services/6F81-5844-456A/skus",
    ask: askGcp,
  },
};

const asked = sources[cloud];
if (asked === undefined || (regions.length === 0 && cloud !== "gcp")) {
  fail("Write a cloud and its regions: npm run prices -- aws us-east-1, -- azure westeurope, or -- gcp");
} else {
  const found: FoundPrice[] = [];
  for await (const price of asked.ask()) found.push(price);
  if (found.length === 0) fail(`${asked.source} has none of the prices that are looked for. Nothing is changed.`);
  const file = new URL(`../../components/cluster/${asked.file}`, import.meta.url);
  const old = JSON.parse(readFileSync(file, "utf8")) as PriceList[];
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync(file, `${JSON.stringify(refreshed(old, found, { source: asked.source, date }), undefined, 2)}\n`);
  process.stdout.write(`${found.length} prices of ${cloud}. Look at the difference, then: npm run format\n`);
}

async function* askAws(): AsyncGenerator<FoundPrice> {
  const machines = new Set([...Object.keys(awsMachines), awsSystem]);
  for (const region of regions) {
    for (const offer of awsOffers) {
      const { body } = await answer(`${sources.aws?.source}/${offer}/current/${region}/index.csv`);
      if (body === null) continue;
      const input = Readable.fromWeb(body as ReadableStream<Uint8Array>);
      yield* awsPrices(createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }), region, machines);
    }
  }
}

async function* askAzure(): AsyncGenerator<FoundPrice> {
  const machines = new Set([...Object.keys(azureMachines), azureSystem]);
  for (const region of regions) {
    for (const filter of azureFilters(region)) {
      let next: string | null = `${sources.azure?.source}?$filter=${encodeURIComponent(filter)}`;
      while (next !== null) {
        const page = (await (await answer(next)).json()) as { Items: AzureItem[]; NextPageLink: string | null };
        for (const item of page.Items) {
          const price = azurePrice(item, region, machines);
          if (price !== undefined) yield price;
        }
        // The last page has an empty link in some versions of the API.
        next = page.NextPageLink || null;
      }
    }
  }
}

async function* askGcp(): AsyncGenerator<FoundPrice> {
  const key = process.env.GOOGLE_API_KEY;
  if (key === undefined) fail("The Cloud Billing Catalog needs an API key: set GOOGLE_API_KEY.");
  const skus: GcpSku[] = [];
  let page = "";
  do {
    const token = page === "" ? "" : `&pageToken=${encodeURIComponent(page)}`;
    // The key goes into a header, so that no message has it.
    const text = await answer(`${sources.gcp?.source}?pageSize=5000${token}`, { "x-goog-api-key": key ?? "" });
    const { skus: some = [], nextPageToken = "" } = (await text.json()) as { skus?: GcpSku[]; nextPageToken?: string };
    skus.push(...some);
    page = nextPageToken;
  } while (page !== "");
  yield* gcpPrices(skus).filter(({ region }) => regions.length === 0 || regions.includes(region));
}

/** An answer of a cloud. It ends the program where there is none: half of a list would be worse than the old one. */
async function answer(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  try {
    const got = await fetch(url, { headers });
    if (got.ok) return got;
    return fail(`${url} answers ${got.status}.`);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : error;
    return fail(`${url} cannot be reached: ${cause}`);
  }
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
