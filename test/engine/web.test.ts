import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

/** A proxy that notes what it is asked to connect to, and refuses. */
let proxy: Server;
let asked: string[];

beforeEach(async () => {
  asked = [];
  proxy = createServer().on("connect", ({ url }, socket) => {
    asked.push(url ?? "");
    socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
});
afterEach(() => {
  vi.unstubAllEnvs();
  proxy.close();
});

/** Fetches as a command does that was started with these variables. */
async function fetched(url: string, variables: Readonly<Record<string, string>>): Promise<string> {
  const { port } = proxy.address() as AddressInfo;
  for (const name of ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"]) {
    vi.stubEnv(name.toLowerCase(), undefined);
    vi.stubEnv(name, variables[name]?.replace("<proxy>", `http://127.0.0.1:${port}`));
  }
  vi.resetModules();
  const { webFetch } = await import("../../engine/web.ts");
  return webFetch(url, { signal: AbortSignal.timeout(10_000) }).then(
    ({ status }) => `${status}`,
    (error: Error) => error.message,
  );
}

describe("the web is asked", () => {
  it("through the proxy that HTTPS_PROXY names", async () => {
    const message = await fetched("https://registry.invalid/v2/", { HTTPS_PROXY: "<proxy>" });
    expect(message).toContain("https://registry.invalid/v2/: ");
    expect(asked).toEqual(["registry.invalid:443"]);
  });

  it("directly, where NO_PROXY names the host", async () => {
    const message = await fetched("https://registry.invalid/v2/", { HTTPS_PROXY: "<proxy>", NO_PROXY: ".invalid" });
    expect(message).toMatch(/ENOTFOUND|EAI_AGAIN/);
    expect(asked).toEqual([]);
  });

  it("directly, where it is this machine", async () => {
    const { port } = proxy.address() as AddressInfo;
    proxy.on("request", (_, response) => response.end());
    expect(await fetched(`http://127.0.0.1:${port}/`, { HTTP_PROXY: "<proxy>" })).toBe("200");
    expect(asked).toEqual([]);
  });
});
