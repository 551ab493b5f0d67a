import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it, vi } from "vitest";
import { modelStates } from "../../rehearsal/cluster/modelStates.ts";
import { kubeconfigOf } from "../engine/kubernetes/kubeconfig.fixture.ts";

// What never answers is given up in a moment.
vi.mock(import("../../engine/kubernetes/patience.ts"), () => ({ patience: { known: 300, unknown: 300 } }));

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A cluster on which `fraud` has one of two pods ready, and no other model is deployed. */
async function cluster(): Promise<string> {
  const rollout = {
    metadata: { name: "fraud", generation: 1 },
    spec: { replicas: 2, template: { metadata: { labels: { version: "7" } } } },
    status: { phase: "Progressing", readyReplicas: 1, stableRS: "a", currentPodHash: "b", currentStepIndex: 2 },
  };
  const created = createServer((request, response) => {
    const found = request.url?.endsWith("/rollouts/fraud") === true;
    response.writeHead(found ? 200 : 404).end(JSON.stringify(found ? rollout : { message: "not found" }));
  });
  server = created;
  await new Promise<void>((resolve) => created.listen(0, "127.0.0.1", resolve));
  return kubeconfigOf(`http://127.0.0.1:${(created.address() as AddressInfo).port}`);
}

const at = { namespace: "models", signal: new AbortController().signal };

it("says what each model does on each cluster, and waits for none", async () => {
  expect(await modelStates({ one: await cluster() }, ["fraud", "images"], at)).toEqual({
    "one/fraud": { version: "7", state: "progressing, 1 of 2 ready, release under way, step 2" },
    "one/images": { version: "–", state: "not deployed" },
  });
});

it("does not fail for a cluster that does not answer", async () => {
  const states = await modelStates({ gone: kubeconfigOf("http://127.0.0.1:1") }, ["fraud"], at);
  expect(states["gone/fraud"]?.state).toMatch(/^not looked at \(.*ECONNREFUSED/);
});
