import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { diagnose } from "../../diagnosis/diagnose.ts";
import { tellingLines } from "../../diagnosis/gather/log.ts";
import { startEvidence } from "../../diagnosis/gather/startEvidence.ts";
import { startFindings, startState } from "../../diagnosis/startFindings.ts";
import { KubernetesClient } from "../../engine/kubernetes/kubernetesClient.ts";
import { kubeconfigOf } from "../engine/kubernetes/kubeconfig.fixture.ts";
import { healthy } from "./evidence.fixture.ts";

let server: Server | undefined;
afterEach(() => server?.close());

/** An API server that answers these paths: a text as it is, anything else as JSON; 404 to the rest. */
async function cluster(answers: Readonly<Record<string, unknown>>): Promise<KubernetesClient> {
  const api = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "");
    const found = Object.entries(answers).find(([key]) => path.includes(key));
    response.statusCode = found === undefined ? 404 : typeof found[1] === "number" ? found[1] : 200;
    response.end(
      found === undefined || typeof found[1] === "number"
        ? JSON.stringify({ message: "the server says no" })
        : typeof found[1] === "string"
          ? found[1]
          : JSON.stringify(found[1]),
    );
  });
  server = api;
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  const { port } = api.address() as AddressInfo;
  return new KubernetesClient(kubeconfigOf(`http://127.0.0.1:${port}`), { patienceMs: 0 });
}

const pod = {
  metadata: {
    name: "fraud-7c9b-a",
    namespace: "models",
    uid: "b1e5fe10-0000-4000-8000-000000000001",
    creationTimestamp: "2026-11-28T08:00:00Z",
    labels: { app: "fraud", version: "2", "rollouts-pod-template-hash": "7c9b" },
  },
  spec: { nodeName: "gpu-1" },
  status: {
    phase: "Running",
    conditions: [{ type: "Ready", status: "False" }],
    containerStatuses: [
      {
        name: "istio-proxy",
        ready: true,
        started: true,
        restartCount: 0,
        state: { running: { startedAt: "2026-11-28T08:00:01Z" } },
        lastState: {},
      },
      {
        name: "triton",
        ready: false,
        started: false,
        restartCount: 1,
        state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 10s restarting failed container" } },
        lastState: { terminated: { exitCode: 1, reason: "Error" } },
      },
    ],
  },
};
const rollout = {
  metadata: { generation: 2 },
  spec: { replicas: 1, template: { metadata: { labels: { version: "2" } } } },
  status: { phase: "Progressing", stableRS: "5d8f", currentPodHash: "7c9b", observedGeneration: "2" },
};
const log =
  'I1128 08:00:02.000000 1 model_lifecycle.cc:472] "loading: fraud:2"\nE1128 08:00:03.000000 1 model_lifecycle.cc:642] "failed to load \'fraud\' version 2: Internal: SyntaxError: invalid syntax (model.py, line 3)"\n';

const { model } = healthy;

describe("on a cluster", () => {
  it("the log of the process before is asked for where a container restarts, and says why", async () => {
    const client = await cluster({
      "/log?container=triton&previous=true&tailLines=300": log,
      "/log?": "",
      "/pods?": { items: [pod] },
      "/rollouts/fraud": rollout,
      "involvedObject.kind=Pod": { items: [] },
      "involvedObject.kind=ReplicaSet": { items: [] },
    });
    const place = { client, model, kubectl: "kubectl --context prod" };
    expect(await startFindings(place)).toMatchObject([
      {
        rule: "python-syntax",
        cause: "model.py does not compile: SyntaxError: invalid syntax (model.py, line 3).",
        next: "kubectl --context prod logs -n models fraud-7c9b-a -c triton --previous",
        about: ["fraud-7c9b-a"],
      },
    ]);
    expect(await startState(place)).toMatchObject({ pods: 1, serves: false, hopeless: [{ rule: "python-syntax" }] });
    expect(await startState(place, "5d8f")).toEqual({ pods: 0, serves: false, hopeless: [] });
  });

  it("pods of the version before are not held against one that the controller has not seen yet", async () => {
    const changed = { ...rollout, metadata: { ...rollout.metadata, generation: 3 } };
    const client = await cluster({
      "/log?container=triton&previous=true&tailLines=300": log,
      "/log?": "",
      "/pods?": { items: [pod] },
      "/rollouts/fraud": changed,
      "involvedObject.kind=Pod": { items: [] },
      "involvedObject.kind=ReplicaSet": { items: [] },
    });
    const place = { client, model, kubectl: "kubectl" };
    expect(await startState(place)).toEqual({ pods: 0, serves: false, hopeless: [] });
    expect(await startState(place, "7c9b")).toMatchObject({ pods: 1, hopeless: [{ rule: "python-syntax" }] });
  });

  it("a log that may not be read hides nothing else", async () => {
    const terminated = { exitCode: 137, reason: "OOMKilled" };
    const killed = {
      ...pod,
      status: { ...pod.status, containerStatuses: [{ ...pod.status.containerStatuses[1], lastState: { terminated } }] },
    };
    const client = await cluster({
      "/log?": 403,
      "/pods?": { items: [killed] },
      "/rollouts/fraud": rollout,
      "/events?": { items: [] },
    });
    const found = diagnose(await startEvidence({ client, model, kubectl: "kubectl" }));
    expect(found.map(({ rule }) => rule)).toContain("out-of-memory");
  });

  it("events of newer writers count, and those of other models do not", async () => {
    const event = (kind: string, name: string, message: string) => ({
      metadata: { creationTimestamp: new Date().toISOString() },
      involvedObject: { kind, name },
      type: "Warning",
      reason: "FailedCreate",
      message,
      eventTime: new Date().toISOString(),
      series: { count: 7, lastObservedTime: new Date().toISOString() },
    });
    const quota = "is forbidden: exceeded quota: gpus, requested: pods=1, used: pods=4, limited: pods=4";
    const client = await cluster({
      "/pods?": { items: [] },
      "/rollouts/fraud": rollout,
      "involvedObject.kind=ReplicaSet": {
        items: [event("ReplicaSet", "other-1", "failed calling webhook"), event("ReplicaSet", "fraud-7c9b", quota)],
      },
    });
    expect((await startFindings({ client, model, kubectl: "kubectl" })).map(({ rule }) => rule)).toEqual(["quota"]);
  });

  it("what cannot be read is said", async () => {
    const client = await cluster({ "/pods?": 403, "/rollouts/fraud": rollout });
    const evidence = await startEvidence({ client, model, kubectl: "kubectl" });
    expect(evidence.notRead).toEqual({ pods: expect.stringContaining("the server says no") });
  });
});

it("on one machine a pod's own copy of its repository is called by the repository's name", async () => {
  const log =
    `Python model file not found in '/home/me/.local/share/serin/environments/local/node/pods/b1e5fe10-0000-4000-8000-000000000001/repositories/0/fraud/2/model.py'\n`.replace(
      "Python",
      "I1128 08:09:31.178448 1 pb_stub.cc:2105]  Failed to preinitialize Python stub: Python",
    );
  const running = {
    ...pod,
    status: {
      ...pod.status,
      containerStatuses: [
        {
          ...pod.status.containerStatuses[1],
          restartCount: 0,
          state: { running: { startedAt: "2026-11-28T08:00:01Z" } },
          lastState: {},
        },
      ],
    },
  };
  const client = await cluster({
    "/pods?": { items: [running] },
    "/rollouts/fraud": rollout,
    "/events?": { items: [] },
    "/log?": log,
  });
  expect(await startFindings({ client, model, kubectl: "kubectl", embedded: true })).toMatchObject([
    {
      rule: "model-file-missing",
      cause: "The model's file fraud/2/model.py does not exist.",
      evidence: [expect.stringMatching(/^fraud-7c9b-a log: .*'\/models\/fraud\/2\/model\.py'$/)],
      next: "npx serin logs fraud --pod fraud-7c9b-a --container triton",
      final: true,
    },
  ]);
});

describe("of a log", () => {
  it("errors count, and what Triton says of every machine without a GPU does not", () => {
    expect(
      tellingLines(
        'E1128 08:08:17.4 1 server.cc:241] "CudaDriverHelper has not been initialized."\nError: Failed to initialize NVML\n[libprotobuf ERROR x.cc:337] Error parsing text-format inference.ModelConfig: 5:3: no\nerror: creating server: Internal - failed to load all models\n',
      ),
    ).toEqual([
      "[libprotobuf ERROR x.cc:337] Error parsing text-format inference.ModelConfig: 5:3: no",
      "error: creating server: Internal - failed to load all models",
    ]);
  });

  it("a stack belongs to its message, and without an error the last lines count", () => {
    expect(
      tellingLines(
        "E1128 08:08:17.4 1 a.cc:1] failed: KeyError: 'x'\n\nAt:\n  /models/model.py(3): initialize\nI1128 x\n",
      ),
    ).toEqual(["E1128 08:08:17.4 1 a.cc:1] failed: KeyError: 'x'\n\nAt:\n  /models/model.py(3): initialize"]);
    expect(tellingLines("a\nb\n\nc\nd\ne\nf\n")).toEqual(["b", "c", "d", "e", "f"]);
    expect(tellingLines("")).toEqual([]);
  });
});
