import { X509Certificate } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ensureAuthority, isIssuedBy, issue } from "../../../embedded/controlPlane/certificates.ts";
import { componentUsers, ensureCredentials } from "../../../embedded/controlPlane/credentials.ts";
import { isReady } from "../../../embedded/process/readiness.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serin-certificates-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const host = "127.251.0.1";

describe("certificates", () => {
  it("are valid for their authority and for no other", async () => {
    const [ours, other] = [
      await ensureAuthority(join(folder, "a"), "ours"),
      await ensureAuthority(join(folder, "b"), "ours"),
    ];
    const { certificate } = await issue(ours, { commonName: "server", hosts: [host, "localhost"], usage: "server" });
    expect(isIssuedBy(certificate, ours.certificate)).toBe(true);
    expect(isIssuedBy(certificate, other.certificate)).toBe(false);
    const parsed = new X509Certificate(certificate);
    expect(parsed.checkIP(host)).toBe(host);
    expect(parsed.checkIP("127.251.0.2")).toBeUndefined();
    expect(parsed.ca).toBe(false);
    expect(new X509Certificate(ours.certificate).ca).toBe(true);
  });

  it("carry the user and the groups as Kubernetes reads them", async () => {
    const authority = await ensureAuthority(join(folder, "a"), "ours");
    const { certificate } = await issue(authority, {
      commonName: "jane",
      organizations: ["team:a", "team:b"],
      usage: "client",
    });
    expect(new X509Certificate(certificate).subject.split("\n")).toEqual(["CN=jane", "O=team:a", "O=team:b"]);
  });

  it("have the same authority after a restart", async () => {
    const first = await ensureAuthority(join(folder, "a"), "ours");
    const second = await ensureAuthority(join(folder, "a"), "ours");
    expect(second.certificate).toBe(first.certificate);
    const { certificate } = await issue(second, { commonName: "x", usage: "client" });
    expect(isIssuedBy(certificate, first.certificate)).toBe(true);
  });

  it("are trusted by a client of the same authority and address, and by no other client", async () => {
    const [ours, other] = [
      await ensureAuthority(join(folder, "a"), "ours"),
      await ensureAuthority(join(folder, "b"), "other"),
    ];
    const { key, certificate } = await issue(ours, { commonName: "server", hosts: [host], usage: "server" });
    const wrongAddress = "127.251.0.2";
    const servers = [host, wrongAddress].map((address) => {
      const server = createServer({ key, cert: certificate }, (_, response) => response.end("ok"));
      return new Promise<Server>((resolve) => server.listen(0, address, () => resolve(server)));
    });
    const url = (server: Server, address: string) => `https://${address}:${(server.address() as AddressInfo).port}/`;
    const [right, wrong] = await Promise.all(servers);
    if (right === undefined || wrong === undefined) throw new Error("Both servers listen.");
    try {
      expect(await isReady({ url: url(right, host), tls: { ca: ours.certificate } })).toBe(true);
      expect(await isReady({ url: url(right, host), tls: { ca: other.certificate } })).toBe(false);
      expect(await isReady({ url: url(wrong, wrongAddress), tls: { ca: ours.certificate } })).toBe(false);
    } finally {
      for (const server of [right, wrong]) server.close();
    }
  });
});

describe("the credentials of an environment", () => {
  it("keep the authority, the token and the service account key, and the rest is renewed for a new address", async () => {
    const first = await ensureCredentials(folder, "local", host, 6443);
    const read = (name: string) => readFileSync(join(folder, "secrets", name), "utf8");
    const kept = ["cluster-ca.crt", "cluster-ca.key", "etcd-ca.crt", "admin-token", "service-account.key"].map(read);
    const serving = read("serving.crt");
    const second = await ensureCredentials(folder, "local", "127.250.0.1", 7443);
    expect(["cluster-ca.crt", "cluster-ca.key", "etcd-ca.crt", "admin-token", "service-account.key"].map(read)).toEqual(
      kept,
    );
    expect(second.adminToken).toBe(first.adminToken);
    expect(first.adminToken).toMatch(/^[0-9a-f]{64}$/);
    expect(read("serving.crt")).not.toBe(serving);
    expect(new X509Certificate(read("serving.crt")).checkIP("127.250.0.1")).toBe("127.250.0.1");
    expect(readFileSync(join(folder, "kubeconfig"), "utf8")).toContain("https://127.250.0.1:7443");
  });

  it("can be read by their user only", async () => {
    await ensureCredentials(folder, "local", host, 6443);
    expect(statSync(join(folder, "secrets")).mode & 0o777).toBe(0o700);
    const files = [
      join(folder, "kubeconfig"),
      ...readdirSync(join(folder, "secrets")).map((name) => join(folder, "secrets", name)),
    ];
    for (const file of files) expect([file, statSync(file).mode & 0o777]).toEqual([file, 0o600]);
  });

  it("give each component its own user, and verify the server in every kubeconfig", async () => {
    const { kubeconfigs, clusterAuthority } = await ensureCredentials(folder, "local", host, 6443);
    const authority = readFileSync(clusterAuthority, "utf8");
    for (const [component, file] of Object.entries(kubeconfigs)) {
      const { clusters, users } = parse(readFileSync(file, "utf8"));
      const certificate = Buffer.from(users[0].user["client-certificate-data"], "base64").toString();
      expect(new X509Certificate(certificate).subject).toBe(
        `CN=${componentUsers[component as keyof typeof componentUsers]}`,
      );
      expect(isIssuedBy(certificate, authority)).toBe(true);
      expect(Buffer.from(clusters[0].cluster["certificate-authority-data"], "base64").toString()).toBe(authority);
      expect(clusters[0].cluster).not.toHaveProperty("insecure-skip-tls-verify");
    }
  });

  it("let the API server alone ask what a kubelet answers, and let it know who answers", async () => {
    const { kubeletAuthority, clusterAuthority, etcdAuthority, kubeletClient, kubeletServing } =
      await ensureCredentials(folder, "local", host, 6443);
    const [client, serving, authority] = [kubeletClient.certificate, kubeletServing.certificate, kubeletAuthority].map(
      (file) => readFileSync(file, "utf8"),
    ) as [string, string, string];
    for (const certificate of [client, serving]) expect(isIssuedBy(certificate, authority)).toBe(true);
    for (const other of [clusterAuthority, etcdAuthority]) {
      expect(isIssuedBy(client, readFileSync(other, "utf8"))).toBe(false);
    }
    expect(new X509Certificate(client).subject).toBe("CN=kube-apiserver");
    const names = new X509Certificate(serving);
    expect([names.checkIP(host), names.checkHost("serin-metrics.kube-system.svc")]).toEqual([
      host,
      "serin-metrics.kube-system.svc",
    ]);
  });

  it("give no Kubernetes user access to etcd", async () => {
    const { etcdAuthority, clusterAuthority, etcdClient } = await ensureCredentials(folder, "local", host, 6443);
    const client = readFileSync(etcdClient.certificate, "utf8");
    expect(isIssuedBy(client, readFileSync(etcdAuthority, "utf8"))).toBe(true);
    expect(isIssuedBy(client, readFileSync(clusterAuthority, "utf8"))).toBe(false);
  });
});
