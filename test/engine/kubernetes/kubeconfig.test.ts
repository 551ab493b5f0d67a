import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { loadKubeconfig, narrowedKubeconfig } from "../../../engine/kubernetes/kubeconfig.ts";
import { kubeconfigOf } from "./kubeconfig.fixture.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "serin-kubeconfig-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const written = (text: string): string => {
  const file = join(folder, "config");
  writeFileSync(file, text);
  return file;
};

function refusal(load: () => unknown): string {
  try {
    load();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("nothing was refused");
}

describe("loadKubeconfig", () => {
  it("takes contents and paths", () => {
    const text = kubeconfigOf("https://a:1");
    expect(loadKubeconfig(text).getCurrentCluster()?.server).toBe("https://a:1");
    expect(loadKubeconfig(written(text)).getCurrentCluster()?.server).toBe("https://a:1");
  });

  it("never quotes contents that it cannot read, and says where they are wrong", () => {
    const malformed = "apiVersion: v1\nusers:\n- name: u\n  user: {token: s3cret-t0ken\n  password: 'hunter2\n";
    for (const source of [malformed, written(malformed)]) {
      const message = refusal(() => loadKubeconfig(source));
      expect(message).toMatch(/it is not the YAML or JSON of a kubeconfig \(line \d+ cannot be read\)\.$/);
      expect(message).not.toMatch(/s3cret|hunter2|token/);
    }
    expect(refusal(() => narrowedKubeconfig(written(malformed)))).not.toMatch(/s3cret|hunter2/);
  });

  it.each([
    ["an exec plugin", (command: string) => ({ exec: { apiVersion: "client.authentication.k8s.io/v1", command } })],
    ["an auth provider", (command: string) => ({ "auth-provider": { name: "gcp", config: { "cmd-path": command } } })],
    [
      "an exec plugin of an auth provider",
      (command: string) => ({ "auth-provider": { name: "exec", config: { exec: { command } } } }),
    ],
  ])("refuses a program for credentials whose path depends on the current folder: %s", (_, user) => {
    expect(refusal(() => loadKubeconfig(kubeconfigOf("https://a:1", user("./bin/token"))))).toContain(
      'users[].user: the program "./bin/token" is relative',
    );
    for (const command of ["/usr/bin/token", "aws"]) {
      expect(loadKubeconfig(kubeconfigOf("https://a:1", user(command))).getCurrentUser()?.name).toBe("u");
    }
  });

  it.each(["u:hunter2@a:1", "https://u:hunter2@", "ftp://u:hunter2@a", "hunter2"])(
    "refuses a server that is no address of HTTP, without quoting it: %s",
    (server) => {
      const message = refusal(() => loadKubeconfig(kubeconfigOf(server)));
      expect(message).toContain("clusters[].cluster.server: it is not an address of HTTPS.");
      expect(message).not.toContain("hunter2");
    },
  );
});

describe("narrowedKubeconfig", () => {
  it("keeps one context, with its user and cluster", () => {
    const narrowed = parse(narrowedKubeconfig(written(kubeconfigOf("https://a:1")), "one"));
    expect(narrowed["current-context"]).toBe("one");
    expect(narrowed.contexts).toHaveLength(1);
    expect(narrowed.clusters[0].cluster.server).toBe("https://a:1");
  });

  it("refuses a context that the file does not have, and names those it has", () => {
    const message = refusal(() => narrowedKubeconfig(written(kubeconfigOf("https://a:1")), "tow"));
    expect(message).toContain('--context: "tow" is not one of "one", "none".');
  });

  it("wants a context to be chosen where the file has no current one", () => {
    const text = kubeconfigOf("https://a:1").replace(/"?current-context"?: *"?one"?,?/, "");
    expect(refusal(() => narrowedKubeconfig(written(text)))).toContain(
      '--context: it is not given, and the file has no current context. Write one of "one", "none".',
    );
  });

  it.each(["hello", "[]", "apiVersion: v1\nkind: Pod\n", "apiVersion: v1\nkind: Config\n"])(
    "says of a file without contexts that it is no kubeconfig: %j",
    (text) => {
      expect(refusal(() => narrowedKubeconfig(written(text)))).toMatch(
        /--kubeconfig: .*config: it has no context, so it leads to no cluster\. Name a file that kubectl accepts\.$/,
      );
    },
  );
});
