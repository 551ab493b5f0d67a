import { mkdtempSync, rmSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ApiClient } from "../../../embedded/controlPlane/apiClient.ts";
import {
  type Authority,
  ensureAuthority,
  issue,
  type KeyAndCertificate,
} from "../../../embedded/controlPlane/certificates.ts";

const host = "127.251.0.1";
let folder = "";
let authority: Authority;
let serving: KeyAndCertificate;
const servers: Server[] = [];
const clients: ApiClient[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "serin-api-"));
  authority = await ensureAuthority(join(folder, "ca"), "test");
  serving = await issue(authority, { commonName: "server", hosts: [host], usage: "server" });
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  for (const server of servers.splice(0)) server.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Seen {
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

async function connect(answer: (seen: Seen, response: ServerResponse) => void): Promise<ApiClient> {
  const server = createServer({ key: serving.key, cert: serving.certificate }, (incoming, response) => {
    let body = "";
    incoming.setEncoding("utf8").on("data", (chunk: string) => {
      body += chunk;
    });
    incoming.once("end", () => answer({ url: incoming.url ?? "", headers: incoming.headers, body }, response));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  const client = new ApiClient(`https://${host}:${port}`, authority.certificate, "secret-token");
  clients.push(client);
  return client;
}

describe("ApiClient", () => {
  it("applies under its own name to the place of the kind, and asks for no copy of what it sent", async () => {
    const seen: Seen[] = [];
    const client = await connect((request, response) => {
      seen.push(request);
      response.end("{}");
    });
    await client.apply({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "a", namespace: "b" },
      data: { c: "d" },
    });
    await client.apply({ apiVersion: "v1", kind: "Node", metadata: { name: "n" } }, "status");
    await client.apply({ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "r" } });
    const query = "?fieldManager=serin-embedded&force=true";
    expect(seen.map(({ url }) => url)).toEqual([
      `/api/v1/namespaces/b/configmaps/a${query}`,
      `/api/v1/nodes/n/status${query}`,
      `/apis/rbac.authorization.k8s.io/v1/clusterroles/r${query}`,
    ]);
    expect(JSON.parse(seen[0]?.body ?? "")).toMatchObject({ data: { c: "d" } });
    expect(seen[0]?.headers).toMatchObject({
      authorization: "Bearer secret-token",
      "content-type": "application/apply-patch+yaml",
      accept: expect.stringContaining("PartialObjectMetadata"),
    });
  });

  it("waits for an API server that is starting again", async () => {
    let calls = 0;
    const client = await connect((_, response) => {
      calls += 1;
      if (calls === 1) response.socket?.destroy();
      else if (calls === 2) response.writeHead(503).end("not yet");
      else response.end('{"ok":true}');
    });
    expect(await client.get("/readyz")).toEqual({ ok: true });
    expect(calls).toBe(3);
  });

  it("does not repeat what the API server refuses, and says why it did", async () => {
    let calls = 0;
    const client = await connect((_, response) => {
      calls += 1;
      response.writeHead(422).end(JSON.stringify({ kind: "Status", message: "spec.x: Invalid value" }));
    });
    const node = { apiVersion: "v1", kind: "Node", metadata: { name: "n" } };
    await expect(client.apply(node)).rejects.toThrow(/^PATCH \/api\/v1\/nodes\/n\S*: 422 spec\.x: Invalid value$/);
    expect(calls).toBe(1);
  });
});
