import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { exitCodes } from "../../../components/core/problem.ts";
import { ensureAuthority, issue } from "../../../embedded/controlPlane/certificates.ts";
import { ApiError, KubernetesClient } from "../../../engine/kubernetes/kubernetesClient.ts";
import { kubeconfigOf } from "./kubeconfig.fixture.ts";

// What never answers is given up in a moment; the tests look at what is said then.
vi.mock(import("../../../engine/kubernetes/patience.ts"), () => ({ patience: { known: 300, unknown: 300 } }));

let server: Server | undefined;

afterEach(async () => {
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
});

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void, port = 0): Promise<number> {
  const created = createServer({ keepAlive: false }, answer);
  server = created;
  await new Promise<void>((resolve) => created.listen(port, "127.0.0.1", resolve));
  return (created.address() as AddressInfo).port;
}

const kubeconfig = (port: number): string => kubeconfigOf(`http://127.0.0.1:${port}`);

const get = { method: "GET", path: "/api/v1" } as const;

describe("KubernetesClient", () => {
  it("sends the credentials of the kubeconfig and returns the answer", async () => {
    const seen: (string | undefined)[] = [];
    const port = await serve((request, response) => {
      seen.push(request.headers.authorization, request.url);
      response.end('{"kind":"APIResourceList"}');
    });
    const client = new KubernetesClient(kubeconfig(port));
    expect(await client.send({ ...get, query: { labelSelector: "a=b" } })).toEqual({ kind: "APIResourceList" });
    expect(seen).toEqual(["Bearer t0ken", "/api/v1?labelSelector=a%3Db"]);
    expect(client.namespace).toBe("models");
  });

  it("takes the path of a kubeconfig as well as its contents", async () => {
    const directory = await mkdtemp(join(tmpdir(), "serin-kubeconfig-"));
    await writeFile(join(directory, "config"), kubeconfig(1));
    expect(new KubernetesClient(join(directory, "config")).server).toBe("http://127.0.0.1:1");
    await rm(directory, { recursive: true });
  });

  it("repeats a request while the server is away or not ready", async () => {
    let requests = 0;
    const answer = (_: IncomingMessage, response: ServerResponse) => {
      requests += 1;
      if (requests === 1) response.writeHead(503).end("apiserver not ready");
      else response.end("{}");
    };
    const port = await serve(answer);
    await new Promise((resolve) => server?.close(resolve));
    setTimeout(() => void serve(answer, port), 150);
    await new KubernetesClient(kubeconfig(port)).send(get);
    expect(requests).toBe(2);
  });

  it("gives up on a server that never answers, naming it", async () => {
    const port = await serve(() => {});
    await new Promise((resolve) => server?.close(resolve));
    const error = await new KubernetesClient(kubeconfig(port)).send(get).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ exitCode: exitCodes.unavailable });
    expect((error as Error).message).toContain(`http://127.0.0.1:${port}: connect ECONNREFUSED`);
  }, 15_000);

  it("does not repeat a request for a caller that repeats by itself", async () => {
    let requests = 0;
    const port = await serve((_, response) => {
      requests += 1;
      response.writeHead(503).end("not yet");
    });
    const sent = new KubernetesClient(kubeconfig(port), { patienceMs: 0 }).send(get);
    await expect(sent).rejects.toMatchObject({ exitCode: exitCodes.unavailable });
    expect(requests).toBe(1);
  });

  it("repeats a request that was broken off, as long as its caller is patient", async () => {
    let requests = 0;
    const port = await serve((_, response) => {
      requests += 1;
      if (requests === 1) response.socket?.destroy();
      else if (requests < 6) response.writeHead(503).end("not yet");
      else response.end('{"ok":true}');
    });
    const client = new KubernetesClient(kubeconfig(port), { patienceMs: 20_000 });
    expect(await client.send(get)).toEqual({ ok: true });
    expect(requests).toBe(6);
  }, 20_000);

  it("repeats a request whose answer ended in the middle", async () => {
    let requests = 0;
    const port = await serve((_, response) => {
      requests += 1;
      if (requests > 1) return response.end('{"ok":true}');
      // Without keep-alive the end of the connection is the end of the answer.
      response.socket?.end('HTTP/1.1 200 OK\r\ncontent-length: 11\r\nconnection: close\r\n\r\n{"ok"');
    });
    expect(await new KubernetesClient(kubeconfig(port)).send(get)).toEqual({ ok: true });
    expect(requests).toBe(2);
  });

  it("names a server without the user name and password in its address", () => {
    expect(new KubernetesClient(kubeconfigOf("https://u:s3cret@a:1")).server).toBe("https://a:1");
  });

  it("does not repeat what the server refuses", async () => {
    let requests = 0;
    const port = await serve((_, response) => {
      requests += 1;
      response.writeHead(422).end('{"message":"spec.x: Required value"}');
    });
    const error = await new KubernetesClient(kubeconfig(port)).send(get).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: 422, message: "spec.x: Required value" });
    expect(requests).toBe(1);
  });

  it("passes the server's warnings on", async () => {
    const warnings: string[] = [];
    const port = await serve((_, response) => {
      response.writeHead(200, { warning: '299 - "unknown field \\"spec.x\\""' }).end("{}");
    });
    await new KubernetesClient(kubeconfig(port), { onWarning: (message) => warnings.push(message) }).send(get);
    expect(warnings).toEqual(['unknown field "spec.x"']);
  });

  it("ends at once when the run has ended", async () => {
    const port = await serve(() => {});
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("ended")), 20);
    const sent = new KubernetesClient(kubeconfig(port)).send({ ...get, signal: controller.signal });
    await expect(sent).rejects.toThrow("ended");
    server?.closeAllConnections();
  });

  const plugin = (script: string) => ({
    exec: { apiVersion: "client.authentication.k8s.io/v1", command: "sh", args: ["-c", script] },
  });

  it.each([
    ["a certificate that is none", { "client-certificate-data": "eA==", "client-key-data": "eA==" }, /PEM/],
    ["a token that no header can hold", { token: "hunter2\nx" }, /invalid Authorization header/],
    ["a plugin that prints something else", plugin("echo hunter2"), /printed something that is no ExecCredential/],
    ["a plugin without a status", plugin("echo '{}'"), /printed something that is no ExecCredential/],
    ["a plugin that fails", plugin("echo log in first >&2; exit 1"), /: log in first\.$/],
    ["a plugin that fails without a word", plugin("exit 1"), /program for credentials failed and said nothing\.$/],
    [
      "a plugin that is not there",
      { exec: { apiVersion: "x", command: "no-such-plugin" } },
      /: its program for credentials, "no-such-plugin", is not on PATH\. Install it\.$/,
    ],
    [
      "a plugin that is not there and says how it comes",
      { exec: { apiVersion: "x", command: "no-such-plugin", installHint: "cloud install no-such-plugin" } },
      /"no-such-plugin", is not on PATH\. Install it: cloud install no-such-plugin$/,
    ],
    [
      "an auth provider whose program fails",
      { "auth-provider": { name: "gcp", config: { "cmd-path": "false", "cmd-args": "hunter2" } } },
      /program of the auth provider failed/,
    ],
  ])("blames the kubeconfig, and quotes no secret, for %s", async (_, user, reason) => {
    const error = await new KubernetesClient(kubeconfigOf("https://127.0.0.1:1", user))
      .send(get)
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ subject: "The kubeconfig cannot be used", exitCode: exitCodes.badInput });
    expect((error as Error).message).toMatch(reason);
    expect((error as Error).message).not.toContain("hunter2");
  });

  it.each([
    ["the name of no host", "https://nowhere.invalid:1", /ENOTFOUND|EAI_AGAIN/],
    ["a port that speaks no TLS", "https", /SSL|TLS|packet length|wrong version/i],
    ["something that is no API server", "http", /its answer is not JSON/],
  ])("says that a cluster cannot be reached: %s", async (_, server, reason) => {
    const port = await serve((_request, response) => response.end("<html>Sign in</html>"));
    const address = server.includes(":") ? server : `${server}://127.0.0.1:${port}`;
    const error = await new KubernetesClient(kubeconfigOf(address), { patienceMs: 0 })
      .send(get)
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ subject: "A cluster cannot be reached", exitCode: exitCodes.unavailable });
    expect((error as Error).message).toMatch(reason);
  });

  it("says that a server's certificate is not trusted", async () => {
    const directory = await mkdtemp(join(tmpdir(), "serin-authority-"));
    const authority = await ensureAuthority(join(directory, "ca"), "ours");
    const { key, certificate } = await issue(authority, { commonName: "s", hosts: ["127.0.0.1"], usage: "server" });
    await rm(directory, { recursive: true });
    const secure = createSecureServer({ key, cert: certificate }, (_, response) => response.end("{}"));
    await new Promise<void>((resolve) => secure.listen(0, "127.0.0.1", resolve));
    const { port } = secure.address() as AddressInfo;
    const config = kubeconfigOf(`https://127.0.0.1:${port}`).replace('"insecure-skip-tls-verify":true', '"x":1');
    const error = await new KubernetesClient(config).send(get).catch((caught: unknown) => caught);
    secure.close();
    expect(error).toMatchObject({ subject: "A cluster cannot be reached", exitCode: exitCodes.unavailable });
    expect((error as Error).message).toMatch(/certificate/);
  });

  it.each([
    ["text that is no kubeconfig", "{\n", undefined],
    ["a file that is not there", "/nowhere/config", undefined],
    ["a context that names no cluster", kubeconfig(1), "none"],
    ["a context that is not there", kubeconfig(1), "two"],
  ])("refuses %s", (_, text, context) => {
    expect(() => new KubernetesClient(text, context === undefined ? {} : { context })).toThrow(
      "The kubeconfig cannot be used",
    );
  });
});
