import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it, vi } from "vitest";
import { KubernetesClient } from "../../../engine/kubernetes/kubernetesClient.ts";
import { type ObjectWatch, watchObjects } from "../../../engine/kubernetes/watchObjects.ts";
import { kubeconfigOf } from "./kubeconfig.fixture.ts";

let server: Server | undefined;
let watch: ObjectWatch | undefined;
afterEach(() => {
  watch?.stop();
  server?.closeAllConnections();
  server?.close();
});

const pod = (name: string, resourceVersion: string) => ({ metadata: { name, namespace: "m", resourceVersion } });

/** An API server with one pod `a`, whose watches are held open; and what a watch of it reported. */
async function watched() {
  const open: ServerResponse[] = [];
  const lists: string[] = [];
  const created = createServer((request, response) => {
    const url = request.url ?? "";
    if (url.includes("watch=true")) {
      response.writeHead(200).flushHeaders();
      open.push(response);
      return;
    }
    lists.push(url);
    response.end(JSON.stringify({ metadata: { resourceVersion: "1" }, items: [pod("a", "1")] }));
  });
  server = created;
  await new Promise<void>((resolve) => created.listen(0, "127.0.0.1", resolve));
  const client = new KubernetesClient(kubeconfigOf(`http://127.0.0.1:${(created.address() as AddressInfo).port}`));
  const told: string[] = [];
  watch = watchObjects(
    client,
    "/api/v1/pods",
    {
      onPresent: ({ metadata }) => told.push(`present ${metadata?.name} ${metadata?.resourceVersion}`),
      onGone: ({ metadata }) => told.push(`gone ${metadata?.name}`),
      onInterrupted: () => told.push("interrupted"),
    },
    "a=b",
  );
  const event = (type: string, object: object) => open.at(-1)?.write(`${JSON.stringify({ type, object })}\n`);
  return { told, lists, open, event, listed: watch.listed };
}

it("reports what is there, then each change", async () => {
  const { told, lists, open, event, listed } = await watched();
  await listed;
  expect(told).toEqual(["present a 1"]);
  expect(lists).toEqual(["/api/v1/pods?labelSelector=a%3Db"]);
  await vi.waitFor(() => expect(open).toHaveLength(1));
  event("MODIFIED", pod("a", "2"));
  event("ADDED", pod("b", "3"));
  event("DELETED", pod("a", "4"));
  await vi.waitFor(() => expect(told).toEqual(["present a 1", "present a 2", "present b 3", "gone a"]));
});

it("goes on after the connection broke, from where it was, and reports no object as gone", async () => {
  const { told, lists, open, event, listed } = await watched();
  await listed;
  await vi.waitFor(() => expect(open).toHaveLength(1));
  event("MODIFIED", pod("a", "2"));
  await vi.waitFor(() => expect(told).toContain("present a 2"));
  open[0]?.destroy();
  await vi.waitFor(() => expect(open).toHaveLength(2), { timeout: 5_000 });
  event("MODIFIED", pod("a", "3"));
  await vi.waitFor(() => expect(told).toContain("present a 3"));
  expect(lists).toHaveLength(1);
  expect(told.filter((one) => one.startsWith("gone"))).toEqual([]);
  expect(told).toContain("interrupted");
});

it("asks no more once it is stopped", async () => {
  const { lists, open, listed } = await watched();
  await listed;
  await vi.waitFor(() => expect(open).toHaveLength(1));
  watch?.stop();
  open[0]?.destroy();
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect([lists.length, open.length]).toEqual([1, 1]);
});
