import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import type { ClientRequest, IncomingMessage } from "node:http";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import { createServer as createTcpServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { ensureAuthority, issue } from "../../../../embedded/controlPlane/certificates.ts";
import { ContainerLog } from "../../../../embedded/nodeAgent/kubelet/containerLog.ts";
import { KubeletServer } from "../../../../embedded/nodeAgent/kubelet/kubeletServer.ts";
import { apiServerName } from "../../../../embedded/nodeAgent/kubelet/names.ts";
import { ResourceMetrics } from "../../../../embedded/nodeAgent/kubelet/resourceMetrics.ts";
import type { ServedPod } from "../../../../embedded/nodeAgent/kubelet/servedPod.ts";
import { SpdyClient } from "./spdyClient.ts";

const host = "127.0.0.1";
let folder: string;
let ca: string;
let serving: { cert: string; key: string };
let apiServer: { cert: string; key: string };
/** Signed by the same authority for another name, and by another authority for the right one. */
let others: { cert: string; key: string }[];
let server: KubeletServer;
let port: number;
let pod: ServedPod;
let log: ContainerLog;
const ended = new AbortController();

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "serin-kubelet-")));
  const ours = await ensureAuthority(join(folder, "ca"), "ours");
  const theirs = await ensureAuthority(join(folder, "other"), "theirs");
  const pair = async (authority: typeof ours, commonName: string, usage: "server" | "client") => {
    const { certificate, key } = await issue(authority, { commonName, hosts: [host], usage });
    return { cert: certificate, key };
  };
  ca = ours.certificate;
  serving = await pair(ours, "kubelet", "server");
  apiServer = await pair(ours, apiServerName, "client");
  others = [
    await pair(ours, "serin:node-agent", "client"),
    await pair(theirs, apiServerName, "client"),
    await pair(ours, apiServerName, "server"),
  ];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const echo: Server = createTcpServer((socket) => socket.on("data", (data) => socket.write(`pod: ${data}`)));

beforeEach(async () => {
  if (!echo.listening) await new Promise<void>((resolve) => echo.listen(0, host, resolve));
  log = new ContainerLog(join(mkdtempSync(join(folder, "logs-")), "triton"));
  pod = {
    namespace: "models",
    name: "fraud-1",
    labels: { app: "fraud" },
    node: "cpu-1",
    createdAt: "2026-11-28T08:00:00Z",
    log: (container) => (container === "triton" ? log : undefined),
    server: {
      container: "triton",
      processGroup: process.pid,
      directory: folder,
      env: { MODEL: "fraud" },
      address: host,
      ports: new Map([
        [8000, (echo.address() as AddressInfo).port],
        [8001, 1],
      ]),
      ended: ended.signal,
    },
  };
  server = new KubeletServer({
    tls: { ...serving, ca },
    python: "python3",
    pod: (namespace, name) => (namespace === pod.namespace && name === pod.name ? pod : undefined),
    metrics: new ResourceMetrics({ pods: () => [pod], nodes: async () => [{ name: "cpu-1", labels: {} }] }),
    log: () => undefined,
  });
  port = 0;
  for (let tried = 30_250; port === 0; tried += 1) {
    await server.listen(host, tried).then(
      () => (port = tried),
      () => undefined,
    );
  }
});
afterEach(() => server.close());
afterAll(() => void echo.close());

const as = (
  client: { cert?: string; key?: string },
  path: string,
  headers: Record<string, string> = {},
): ClientRequest => request({ host, port, path, headers, ca, ...client, agent: false });

async function get(path: string, client: { cert?: string; key?: string } = apiServer) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    as(client, path).once("response", resolve).once("error", reject).end();
  });
  return { status: response.statusCode, text: await text(response) };
}

function upgraded(path: string, protocol: string): Promise<SpdyClient> {
  return new Promise((resolve, reject) => {
    as(apiServer, path, { connection: "Upgrade", upgrade: "SPDY/3.1", "x-stream-protocol-version": protocol })
      .once("upgrade", (_response, socket: Duplex, head) => resolve(new SpdyClient(socket, head)))
      .once("response", async (response) => reject(new Error(`${response.statusCode} ${await text(response)}`)))
      .once("error", reject)
      .end();
  });
}

const seen = <T>(check: () => T) => vi.waitFor(check, { timeout: 5_000, interval: 10 });
const logs = "/containerLogs/models/fraud-1/triton";

describe("who is answered", () => {
  it("is the API server alone, by a certificate that its own authority has signed", async () => {
    log.start().write("stdout", Buffer.from("one\n"));
    expect(await get(logs)).toEqual({ status: 200, text: "one\n" });
    const answers = await Promise.all([{}, ...others].map((client) => get(logs, client).catch((error) => error.code)));
    expect(answers[1]).toEqual({ status: 403, text: "only the API server is answered" });
    for (const answer of [answers[0], answers[2], answers[3]]) expect(answer).toMatch(/^ERR_SSL|ECONNRESET|EPIPE/);
  });

  it("is, for a program, nobody else either", async () => {
    const refused = await new Promise((resolve) => {
      as(others[0] ?? {}, "/exec/models/fraud-1/triton?command=id", { connection: "Upgrade", upgrade: "SPDY/3.1" })
        .once("upgrade", () => resolve("upgraded"))
        .once("response", (response) => resolve(response.statusCode))
        .end();
    });
    expect(refused).toBe(403);
  });
});

describe("logs", () => {
  it("are read as they are asked for", async () => {
    log.start().write("stdout", Buffer.from("one\ntwo\n"));
    expect((await get(`${logs}?tailLines=1`)).text).toBe("two\n");
    expect((await get(`${logs}?timestamps=true&sinceSeconds=60&tailLines=1`)).text).toMatch(/^\S+Z two\n$/);
    log.start().write("stdout", Buffer.from("after\n"));
    expect((await get(`${logs}?previous=true`)).text).toBe("one\ntwo\n");
  });

  it("are followed from the first byte on, also of a container that is silent", async () => {
    const run = log.start();
    const response = await new Promise<IncomingMessage>((resolve) => {
      as(apiServer, `${logs}?follow=true`).once("response", resolve).end();
    });
    run.write("stdout", Buffer.from("late\n"));
    setTimeout(() => log.end(), 50);
    expect(await text(response)).toBe("late\n");
  });

  it.each([
    ["a container that has not started", logs, 400, 'container "triton" in pod "fraud-1" is waiting to start'],
    ["a container without a run before", `${logs}?previous=true`, 400, "previous terminated container"],
    ["a container that is not run", "/containerLogs/models/fraud-1/istio-proxy", 400, "is not run here"],
    ["a pod that kwok simulates", "/containerLogs/models/toy/triton", 400, "kwok says that it runs"],
  ])("say why there are none of %s", async (_, path, status, expected) => {
    expect(await get(path)).toEqual({ status, text: expect.stringContaining(expected) });
  });
});

describe("programs", () => {
  const exec = (words: string[], streams = "input=1&output=1&error=1") =>
    `/exec/models/fraud-1/triton?${streams}&${words.map((word) => `command=${encodeURIComponent(word)}`).join("&")}`;

  it("run with their streams, and tell how they ended", async () => {
    const client = await upgraded(
      exec(["sh", "-c", "cat; echo $MODEL >&2; exit 3"]),
      "v5.channel.k8s.io, v4.channel.k8s.io",
    );
    const [error, input] = [await client.open({ streamtype: "error" }), await client.open({ streamtype: "stdin" })];
    const [out, err] = [await client.open({ streamtype: "stdout" }), await client.open({ streamtype: "stderr" })];
    client.send(input, "typed", true);
    await seen(() => expect(client.ended).toEqual(new Set([error, out, err])));
    expect([client.text(out), client.text(err)]).toEqual(["typed", "fraud\n"]);
    expect(JSON.parse(client.text(error))).toMatchObject({
      status: "Failure",
      reason: "NonZeroExitCode",
      details: { causes: [{ reason: "ExitCode", message: "3" }] },
    });
  });

  it("get a terminal that follows the caller's", async () => {
    const client = await upgraded(
      exec(["sh", "-c", "read x; stty size"], "input=1&output=1&tty=1"),
      "v4.channel.k8s.io",
    );
    const error = await client.open({ streamtype: "error" });
    const [input, out] = [await client.open({ streamtype: "stdin" }), await client.open({ streamtype: "stdout" })];
    const sizes = await client.open({ streamtype: "resize" });
    client.send(sizes, '{"Width":90,"Height":20}\n');
    await new Promise((resolve) => setTimeout(resolve, 300));
    client.send(input, "\n");
    await seen(() => expect(client.ended).toContain(error));
    expect(client.text(out)).toContain("20 90");
    expect(JSON.parse(client.text(error))).toMatchObject({ status: "Success" });
  });

  it("that are not there say so", async () => {
    const client = await upgraded(exec(["lz"], "output=1"), "v4.channel.k8s.io");
    const error = await client.open({ streamtype: "error" });
    await client.open({ streamtype: "stdout" });
    await seen(() => expect(client.ended).toContain(error));
    expect(JSON.parse(client.text(error)).message).toContain('exec: "lz": executable file not found in $PATH');
  });

  it.each([
    [
      "another container",
      "/exec/models/fraud-1/istio-proxy",
      'container "istio-proxy" of pod "fraud-1" does not run here now',
    ],
    ["another pod", "/exec/models/toy/triton", "pod models/toy is not run here"],
  ])("are not started in %s, which is told as their end", async (_, path, expected) => {
    const client = await upgraded(`${path}?output=1&command=id`, "v4.channel.k8s.io");
    const error = await client.open({ streamtype: "error" });
    await client.open({ streamtype: "stdout" });
    await seen(() => expect(client.ended).toContain(error));
    expect(JSON.parse(client.text(error))).toMatchObject({
      status: "Failure",
      message: expect.stringContaining(expected),
    });
  });

  it("are not attached to, and not started without a server, or for a caller of another protocol", async () => {
    const attached = upgraded("/attach/models/fraud-1/triton", "v4.channel.k8s.io");
    await expect(attached).rejects.toThrow("405 a process here has no input to attach to");
    await expect(upgraded(exec(["id"]), "channel.k8s.io")).rejects.toThrow("403 unable to upgrade");
    pod = { ...pod, server: undefined };
    const forwarded = upgraded("/portForward/models/fraud-1", "portforward.k8s.io");
    await expect(forwarded).rejects.toThrow('400 container of pod "fraud-1" does not run here now');
  });
});

describe("forwarded ports", () => {
  const pair = async (client: SpdyClient, port: number, requestid: string) => {
    const error = await client.open({ streamtype: "error", port: String(port), requestid });
    return { error, data: await client.open({ streamtype: "data", port: String(port), requestid }) };
  };

  it("reach the server of the pod, each connection by itself", async () => {
    const client = await upgraded("/portForward/models/fraud-1", "portforward.k8s.io");
    const [one, two] = [await pair(client, 8000, "0"), await pair(client, 8000, "1")];
    client.send(one.data, "first");
    client.send(two.data, "second");
    await seen(() => expect([client.text(one.data), client.text(two.data)]).toEqual(["pod: first", "pod: second"]));
    client.send(one.data, "", true);
    await seen(() => expect(client.ended).toEqual(new Set([one.data, one.error])));
    client.send(two.data, " more");
    await seen(() => expect(client.text(two.data)).toBe("pod: secondpod:  more"));
    await client.close();
  });

  it("are those of the server alone, and say what cannot be reached", async () => {
    const client = await upgraded("/portForward/models/fraud-1", "portforward.k8s.io");
    const [foreign, closed] = [await pair(client, 22, "0"), await pair(client, 8001, "1")];
    await seen(() => expect(client.ended).toEqual(new Set([foreign.error, closed.error])));
    expect(client.text(foreign.error)).toContain("the server listens on 8000, 8001 and not on 22");
    expect(client.text(closed.error)).toContain("failed to connect to port 8001");
    await client.close();
  });
});

describe("a client that speaks web sockets alone", () => {
  async function socketTo(
    path: string,
  ): Promise<{ socket: WebSocket; received: Map<number, Buffer>; closed: Promise<unknown> }> {
    const tls = { ca, ...apiServer };
    const socket = new WebSocket(`wss://${host}:${port}${path}`, ["v4.channel.k8s.io"], tls);
    const received = new Map<number, Buffer>();
    socket.on("message", (data: Buffer) => {
      received.set(data[0] ?? -1, Buffer.concat([received.get(data[0] ?? -1) ?? Buffer.alloc(0), data.subarray(1)]));
    });
    const closed = once(socket, "close");
    await once(socket, "open");
    return { socket, received, closed };
  }

  it("runs programs, with a channel for each stream", async () => {
    const path = "/exec/models/fraud-1/triton?output=1&error=1&input=1&command=sh&command=-c&command=read+x%3Becho+$x";
    const { socket, received, closed } = await socketTo(path);
    socket.send(Buffer.from("\0typed\n"));
    await closed;
    expect(received.get(1)?.toString()).toBe("typed\n");
    expect(JSON.parse(received.get(3)?.toString() ?? "")).toMatchObject({ status: "Success" });
  });

  it("has ports forwarded, each channel after its number", async () => {
    const { socket, received } = await socketTo("/portForward/models/fraud-1?port=8000");
    socket.send(Buffer.from("\0hello"));
    await seen(() => expect(received.get(0)?.subarray(2).toString()).toBe("pod: hello"));
    expect([received.get(0)?.readUInt16LE(), received.get(1)?.readUInt16LE()]).toEqual([8000, 8000]);
    socket.close();
  });

  it("is told what is not forwarded before the connection ends", async () => {
    const { received, closed } = await socketTo("/portForward/models/fraud-1?port=22");
    await closed;
    expect(received.get(1)?.subarray(2).toString()).toContain("and not on 22");
  });
});

describe("metrics.k8s.io", () => {
  const root = "/apis/metrics.k8s.io/v1beta1";
  const read = async (path: string) => JSON.parse((await get(`${root}${path}`)).text);

  it("says what there is to read", async () => {
    expect((await read("")).resources.map(({ name }: { name: string }) => name)).toEqual(["nodes", "pods"]);
    expect(await read("/pods")).toMatchObject({ kind: "PodMetricsList", items: [] });
    expect((await get(`${root}/namespaces/models/pods/none`)).status).toBe(404);
    expect((await get(`${root}/other`)).status).toBe(404);
  });
});
