import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { ClusterObjects } from "../../../engine/kubernetes/clusterObjects.ts";
import { KubernetesClient } from "../../../engine/kubernetes/kubernetesClient.ts";
import { kubeconfigOf } from "./kubeconfig.fixture.ts";

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly type: string | undefined;
  readonly accept: string | undefined;
  readonly body: string;
}

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const kinds: Readonly<Record<string, object>> = {
  "/api/v1": {
    resources: [
      { name: "configmaps", kind: "ConfigMap", namespaced: true },
      { name: "nodes", kind: "Node", namespaced: false },
      { name: "nodes/status", kind: "Node", namespaced: false },
    ],
  },
};

/** The objects of a cluster that serves `kinds`, and what it was asked besides. */
async function cluster(manager?: string): Promise<{ objects: ClusterObjects; seen: Seen[] }> {
  const seen: Seen[] = [];
  const created = createServer((request, response) => {
    const { method, url, headers } = request;
    const discovery = kinds[url ?? ""];
    if (discovery !== undefined) return response.end(JSON.stringify(discovery));
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      body += chunk;
    });
    request.once("end", () => {
      seen.push({ method, url, type: headers["content-type"], accept: headers.accept, body });
      if (url?.includes("labelSelector=none")) response.end('{"items":null}');
      else if (url?.includes("gone")) response.writeHead(404).end("{}");
      else response.end('{"metadata":{"name":"a"}}');
    });
  });
  server = created;
  await new Promise<void>((resolve) => created.listen(0, "127.0.0.1", resolve));
  const client = new KubernetesClient(kubeconfigOf(`http://127.0.0.1:${(created.address() as AddressInfo).port}`));
  return { objects: manager === undefined ? new ClusterObjects(client) : new ClusterObjects(client, manager), seen };
}

const settings = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "b" }, data: { c: "d" } };

describe("ClusterObjects", () => {
  it("applies an object at the path of its kind, under the name of its manager", async () => {
    const { objects, seen } = await cluster();
    await objects.apply(settings, { force: false });
    expect(seen).toEqual([
      {
        method: "PATCH",
        url: "/api/v1/namespaces/b/configmaps/a?fieldManager=serin&force=false&fieldValidation=Warn",
        type: "application/apply-patch+yaml",
        accept: "application/json",
        body: JSON.stringify(settings),
      },
    ]);
  });

  it("applies to a subresource, for another manager, and asks for no copy of what it sent", async () => {
    const { objects, seen } = await cluster("serin-embedded");
    const node = { apiVersion: "v1", kind: "Node", metadata: { name: "n" } };
    await objects.apply(node, { force: true, subresource: "status", answer: "metadata" });
    expect(seen[0]?.url).toBe("/api/v1/nodes/n/status?fieldManager=serin-embedded&force=true&fieldValidation=Warn");
    expect(seen[0]?.accept).toContain("PartialObjectMetadata;");
  });

  it("sends the text of an object as it is", async () => {
    const { objects, seen } = await cluster();
    await objects.applyAt("/apis/a/v1/bs/c", "kind: B\n", { force: true });
    expect(seen[0]).toMatchObject({ url: expect.stringMatching(/^\/apis\/a\/v1\/bs\/c\?/), body: "kind: B\n" });
  });

  it("finds no object that is not there, and deletes it without an error", async () => {
    const { objects } = await cluster();
    const gone = { apiVersion: "v1", kind: "ConfigMap", name: "gone" };
    expect(await objects.get(gone)).toBeUndefined();
    await objects.delete(gone);
  });

  it("says which kind the cluster does not serve", async () => {
    const { objects } = await cluster();
    const unknown = { apiVersion: "v1", kind: "Widget", metadata: { name: "w" } };
    await expect(objects.apply(unknown, { force: true })).rejects.toThrow("the cluster does not serve v1 Widget");
  });

  it("finds no object where the list of metadata has none, which the server writes as null", async () => {
    const { objects } = await cluster();
    expect(await objects.labelled("v1", "ConfigMap", "none", "a")).toEqual([]);
  });
});
