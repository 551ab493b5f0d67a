import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import type { FetchContext, Source, Tool } from "../../../embedded/toolchain/tool.ts";

const folders: string[] = [];
const servers: Server[] = [];
afterEach(() => {
  stopServers();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A directory that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "serin-toolchain-"));
  folders.push(folder);
  return folder;
}

/** A program in `directory`, as a shell script. */
export function program(directory: string, name: string, script: string): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A source that makes one program, after doing whatever the test wants. */
export function source(overrides: Partial<Source> & { before?: (context: FetchContext) => unknown } = {}): Source {
  const { before, ...rest } = overrides;
  return {
    name: "a package",
    kind: "download",
    scratchMiB: 1,
    async fetch(directory, context) {
      await before?.(context);
      program(directory, "widget", 'echo "widget 1.2.3"');
    },
    ...rest,
  };
}

export function tool(overrides: Partial<Tool> = {}): Tool {
  return {
    name: "widget",
    version: "1.2.3",
    purpose: "the tests",
    files: ["widget"],
    onPath: { versionArgs: ["--version"], range: ">=1.2.0 <1.3.0" },
    sizeMiB: 1,
    seconds: 1,
    fix: "Put widget 1.2 on PATH.",
    sources: [source()],
    ...overrides,
  };
}

export function context(overrides: Partial<FetchContext> = {}): FetchContext {
  return {
    signal: new AbortController().signal,
    scratch: temporaryFolder(),
    goCaches: temporaryFolder(),
    progress: () => {},
    ...overrides,
  };
}

/** A web server on loopback that is gone after the test; gives its origin. */
export async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export function stopServers(): void {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
}
