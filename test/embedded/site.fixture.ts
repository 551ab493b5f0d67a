import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureCredentials } from "../../embedded/controlPlane/credentials.ts";
import { usualPorts } from "../../embedded/ports.ts";
import type { Site } from "../../embedded/supervisor/processSpec.ts";
import { tools } from "./tools.fixture.ts";

/** A site with real credentials in a folder of its own, which the test removes. */
export async function makeSite(): Promise<Site> {
  const dataDir = mkdtempSync(join(tmpdir(), "serin-site-"));
  const host = "127.251.0.1";
  const credentials = await ensureCredentials(dataDir, "local", host, usualPorts.apiserver);
  return { environment: "local", dataDir, host, ports: usualPorts, tools, credentials };
}
