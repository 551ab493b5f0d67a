import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Allocation } from "../../embedded/controlPlane/allocation.ts";
import { ensureCredentials } from "../../embedded/controlPlane/credentials.ts";
import { usualPorts } from "../../embedded/machine/ports.ts";
import { tools } from "./tools.fixture.ts";

/** An allocation with real credentials in a new folder. The test must remove the folder. */
export async function makeAllocation(): Promise<Allocation> {
  const dataDir = mkdtempSync(join(tmpdir(), "serin-allocation-"));
  const host = "127.251.0.1";
  const credentials = await ensureCredentials(dataDir, "local", host, usualPorts.apiserver);
  return { environment: "local", dataDir, host, ports: usualPorts, tools, credentials };
}
