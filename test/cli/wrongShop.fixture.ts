import type { Environment } from "../../stacks/environments/environment.ts";
import { shop } from "../fixtures/shop.ts";

const { version: _, ...unversioned } = shop.models.fraud;
const { purchase, ...pool } = shop.clusters.aws.gpuPools.l4;
/** The environment of the tests with a misspelt key and without a version, as a file without types may declare it. */
export const wrongShop = {
  ...shop,
  clusters: { ...shop.clusters, aws: { ...shop.clusters.aws, gpuPools: { l4: { ...pool, purchaze: purchase } } } },
  models: { fraud: unversioned },
} as unknown as Environment;
