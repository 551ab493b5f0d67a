import { createServer, type Server } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { ProblemError } from "../../../components/core/problem.ts";
import { claimBlock, isFree, listeningBlocks, pickPorts, usualPorts } from "../../../embedded/machine/ports.ts";
import { claim } from "../../../embedded/process/claim.ts";

/** An address that no other test and no environment uses. */
const host = "127.251.0.1";
const opened: Server[] = [];

async function listen(port: number, address = host): Promise<void> {
  const server = createServer();
  opened.push(server);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: address, port }, resolve);
  });
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

describe("pickPorts", () => {
  it("gives every server its usual port if all are free", async () => {
    expect(await pickPorts(host, undefined, {})).toEqual(usualPorts);
  });

  it("picks another port instead of a usual one that is in use, and picks none twice", async () => {
    await listen(usualPorts.prometheus);
    const ports = await pickPorts(host, undefined, {});
    expect(ports.prometheus).not.toBe(usualPorts.prometheus);
    expect(await isFree(host, ports.prometheus)).toBe(true);
    expect(new Set(Object.values(ports)).size).toBe(Object.keys(usualPorts).length);
  });

  it("keeps a remembered port while it is free", async () => {
    const remembered = { ...usualPorts, prometheus: 29_390 };
    expect((await pickPorts(host, remembered, {})).prometheus).toBe(29_390);
    await listen(29_390);
    expect((await pickPorts(host, remembered, {})).prometheus).toBe(usualPorts.prometheus);
  });

  it("refuses a requested port that is in use, and names it", async () => {
    await listen(28_080);
    const error = await pickPorts(host, undefined, { gateway: 28_080 }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ProblemError);
    expect(error).toMatchObject({
      exitCode: 4,
      problems: [{ path: "gatewayPort", reason: /28080 is in use on 127\.251\.0\.1/ }],
    });
  });

  it("gives the requested port to the gateway alone, even if it is another server's usual one", async () => {
    const ports = await pickPorts(host, undefined, { gateway: usualPorts.apiserver });
    expect(ports.gateway).toBe(usualPorts.apiserver);
    expect(ports.apiserver).not.toBe(usualPorts.apiserver);
  });
});

describe("claimBlock", () => {
  it("keeps the remembered block, and takes another while a process holds it", async () => {
    const first = await claimBlock(250, new Set());
    expect(first.loopback.host).toBe("127.250.0.1");
    const second = await claimBlock(250, new Set());
    expect(second.loopback.block).not.toBe(250);
    await Promise.all([first.held.release(), second.held.release()]);
  });

  it("takes no block that another environment remembers or that has a listener", async () => {
    const all = Array.from({ length: 253 }, (_, index) => index + 2);
    await listen(0, "127.252.3.4");
    const reserved = new Set(all.filter((block) => block !== 252 && block !== 253));
    const { loopback, held } = await claimBlock(undefined, reserved);
    expect(loopback.block).toBe(253);
    await held.release();
    await expect(claimBlock(252, new Set(all.filter((block) => block !== 252)))).rejects.toThrow("every block");
  });
});

describe("listeningBlocks", () => {
  it("reads loopback listeners, not connections, from the kernel's table", () => {
    const table = [
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
      "   0: 0100057F:192B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1",
      "   1: 0100097F:192B 0100097F:A000 01 00000000:00000000 00:00000000 00000000     0        0 2 1",
      "   2: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3 1",
    ].join("\n");
    expect(listeningBlocks(table)).toEqual(new Set([5]));
  });
});

describe("claim", () => {
  it("has one holder at a time and is free after release", async () => {
    const name = `test/${process.pid}`;
    const first = await claim(name);
    expect(first).toBeDefined();
    expect(await claim(name)).toBeUndefined();
    await first?.release();
    const again = await claim(name);
    expect(again).toBeDefined();
    await again?.release();
  });
});
