import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Invocation } from "../../cli/run.ts";
import { down } from "../../cli/verbs/down.ts";
import { kubeconfig as printKubeconfig } from "../../cli/verbs/kubeconfig.ts";
import { plan } from "../../cli/verbs/plan.ts";
import { predict } from "../../cli/verbs/predict.ts";
import { preflight } from "../../cli/verbs/preflight.ts";
import { rehearse } from "../../cli/verbs/rehearse.ts";
import { status } from "../../cli/verbs/status.ts";
import { up } from "../../cli/verbs/up.ts";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import { kubeconfigOf } from "../engine/kubernetes/kubeconfig.fixture.ts";
import { textOf } from "../plan/memoryPlan.ts";

// What never answers is given up in a moment; the tests look at what is said then.
vi.mock(import("../../engine/kubernetes/patience.ts"), () => ({ patience: { known: 300, unknown: 300 } }));

let home: string;
const invocation: Invocation = { signal: new AbortController().signal, json: true };

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "serin-cli-"));
});
// An empty home, so that no environment of this machine is seen.
beforeEach(() => void vi.stubEnv("SERIN_HOME", home));
afterEach(() => void vi.unstubAllEnvs());
afterAll(() => rmSync(home, { recursive: true, force: true }));

const rehearsal = { to: "2", fault: "", timeout: "15m", report: "rehearsals", environment: "local" } as const;

async function refusal(answer: Promise<unknown>): Promise<ProblemError> {
  const error = await answer.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ProblemError) return error;
  throw new Error(`expected a problem, got ${error}`);
}

describe("wrong input is refused before anything is changed", () => {
  it.each<[string, () => Promise<unknown>, string]>([
    [
      "an unknown environment",
      () => plan("devv", {}, invocation),
      'environment: "devv" is not one of "local", "dev", "test", "prod". Did you mean "dev"?',
    ],
    ["the kubeconfig of several clusters", () => printKubeconfig("prod", {}), "--cluster: it is not given"],
    ["the file of a kubeconfig that is in none", () => printKubeconfig("dev", { path: true }), "keeps no credentials"],
    ["an environment of Object.prototype", () => plan("constructor", {}, invocation), '"constructor" is not one of'],
    ["an earlier plan that is none", () => plan("dev", { against: kubeconfig(3) }, invocation), "it is not a plan."],
    ["an earlier plan that is null", () => plan("dev", { against: written("null") }, invocation), "it is not a plan."],
    ["an earlier plan that is a number", () => plan("dev", { against: written("7") }, invocation), "it is not a plan."],
    [
      "an earlier plan with stacks that are none",
      () => plan("dev", { against: written('{"environment":"dev","stacks":[1]}') }, invocation),
      "it is not a plan.",
    ],
    [
      "a rehearsal in an environment that is not on this machine",
      () => rehearse("fraud", { ...rehearsal, environment: "prod" }, invocation),
      "Rehearse the model in local, where it must be declared, too.",
    ],
    [
      "a removal by an engine that only local has",
      () => down("dev", { engine: "live" }, invocation),
      "--engine: other environments",
    ],
    [
      "a gateway that only local has",
      () => up("dev", { gatewayPort: 8080 }, invocation),
      "--gateway-port: only the embedded",
    ],
    [
      "an engine that only local has",
      () => up("dev", { engine: "live" }, invocation),
      "--engine: other environments are always",
    ],
    ["an unknown environment to bring up", () => up("locl", { engine: "live" }, invocation), 'Did you mean "local"?'],
    [
      "an unknown environment to take down",
      () => down("locl", { engine: "live" }, invocation),
      'Did you mean "local"?',
    ],
    [
      "a kubeconfig that may lead to any of several clusters",
      () => status("prod", { kubeconfig: "/nowhere" }, invocation),
      'environment "prod" has 4 clusters. Write which one the kubeconfig leads to: aws-use1, azure-weu, gcp-euw4, dc-fra.',
    ],
    ["an unknown environment to look at", () => status("production", {}, invocation), '"production" is not one of'],
    [
      "an unknown model",
      () => predict("frod", { environment: "local" }, invocation),
      'model: "frod" is not one of "fraud". Did you mean "fraud"?',
    ],
    ["an unknown model to rehearse", () => rehearse("frod", rehearsal, invocation), 'Did you mean "fraud"?'],
    [
      "a request that is no JSON",
      () => predict("fraud", { environment: "local", input: "{" }, invocation),
      "--input: it is not JSON",
    ],
    [
      "a fault that is none, and a time without a unit",
      () => rehearse("fraud", { ...rehearsal, fault: "erors=1%", timeout: "15" }, invocation),
      '--timeout: "15" is not a duration.',
    ],
    [
      "a context of no kubeconfig, to bring up",
      () => up("local", { context: "kind" }, invocation),
      "--context: there is no --kubeconfig whose context it could be.",
    ],
    [
      "a context of no kubeconfig, to look at",
      () => status("local", { context: "kind" }, invocation),
      "--context: there is no",
    ],
    [
      "a context of no kubeconfig, to take down",
      () => down("local", { context: "kind" }, invocation),
      "--context: there is no",
    ],
    [
      "a context of no kubeconfig, to check",
      () => preflight("dev", { context: "kind" }, invocation),
      "--context: there is no",
    ],
    [
      "a gateway port for a cluster of one's own",
      () => up("local", { kubeconfig: kubeconfig(4), gatewayPort: 8080 }, invocation),
      "--gateway-port: only the embedded environment has such a gateway.",
    ],
    [
      "a prediction of an environment that is not on this machine",
      () => predict("fraud", { environment: "dev" }, invocation),
      'environment: only "local" runs on this machine.',
    ],
    [
      "a rehearsal in an environment that is not on this machine",
      () => rehearse("fraud", { ...rehearsal, environment: "dev" }, invocation),
      'environment: only "local" runs on this machine.',
    ],
    [
      "a report that could not be written after a quarter of an hour",
      () => rehearse("fraud", { ...rehearsal, report: "/dev/null/rehearsals" }, invocation),
      "--report: /dev/null is not a folder that can be written to.",
    ],
    [
      "a cluster for an environment that declares its own",
      () => up("dev", { engine: "live", kubeconfig: "x" }, invocation),
      "--kubeconfig: the clusters of other environments are declared.",
    ],
    [
      "a kubeconfig that is not there",
      () => up("local", { engine: "live", kubeconfig: "/nowhere" }, invocation),
      "--kubeconfig: /nowhere",
    ],
    [
      "a context that is not in it",
      () => up("local", { engine: "live", kubeconfig: kubeconfig(1), context: "kid" }, invocation),
      '--context: "kid" is not one of "kind".',
    ],
  ])("%s", async (_, answer, message) => {
    const error = await refusal(answer());
    expect(error.message).toContain(message);
    expect(error.exitCode).toBe(exitCodes.badInput);
  });
});

describe("what is needed and cannot be had", () => {
  it("the kubeconfig of an environment that is not up, and of a cluster that is not known", async () => {
    const local = await refusal(printKubeconfig("local", {}));
    expect([local.exitCode, local.message]).toEqual([exitCodes.unavailable, expect.stringContaining("it is not up")]);
    vi.stubEnv("PATH", home);
    const cloud = await refusal(printKubeconfig("prod", { cluster: "aws-use1" }));
    expect([cloud.exitCode, cloud.message]).toEqual([
      exitCodes.unavailable,
      expect.stringContaining("aws-use1: the Pulumi CLI is not on PATH."),
    ]);
  });

  it("an environment that is not up, with the way to bring it up", async () => {
    const error = await refusal(predict("fraud", { environment: "local" }, invocation));
    expect(error.message).toContain("it is not up. Run: npx serin up local");
    expect(error.exitCode).toBe(exitCodes.unavailable);
  });

  it("a kubeconfig without TLS", async () => {
    const error = await refusal(up("local", { engine: "live", kubeconfig: kubeconfig(2, "http") }, invocation));
    expect(error.message).toContain("http://127.0.0.1:2: HTTP protocol is not allowed");
  });

  it("a cluster that cannot be reached, before anything is changed", { timeout: 60_000 }, async () => {
    const port = await closedPort();
    const error = await refusal(up("local", { engine: "live", kubeconfig: kubeconfig(port) }, invocation));
    expect(error.message).toContain(`127.0.0.1:${port}`);
    expect(error.exitCode).toBe(exitCodes.unavailable);
  });
});

it("takes down what is not up without complaint", async () => {
  expect((await down("local", { engine: "live" }, invocation)).result).toEqual({ environment: "local", was: "not up" });
});

/** What `serin status` says of a cluster whose API server has these objects, by path. */
async function statusOf(answers: Readonly<Record<string, object>>, environment = "prod", cluster = "aws-use1") {
  const server = createHttpServer((request, response) => {
    const answer = answers[(request.url ?? "").replace(/\?.*/, "")];
    response.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer ?? { message: "not found" }));
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const file = join(home, "gateway-kubeconfig");
  writeFileSync(file, kubeconfigOf(`http://127.0.0.1:${port}`));
  const answer = await status(environment, { kubeconfig: file, cluster }, invocation);
  server.closeAllConnections();
  server.close();
  return answer;
}

it("shows the address of the gateway of a cluster", async () => {
  const { text, result } = await statusOf({
    "/api/v1/nodes": { items: [] },
    "/api/v1/namespaces/istio-ingress/services/istio-ingressgateway": {
      status: { loadBalancer: { ingress: [{ hostname: "internal-4711.elb.us-east-1.amazonaws.com" }] } },
    },
  });
  expect(text).toContain("aws-use1  gateway https://internal-4711.elb.us-east-1.amazonaws.com");
  expect(result).toMatchObject({ platform: { address: "https://internal-4711.elb.us-east-1.amazonaws.com" } });
});

it("shows the node port of a site's gateway, at the host that its declaration names, once the gateway is there", async () => {
  const gateway = "/api/v1/namespaces/istio-ingress/services/istio-ingressgateway";
  const { text } = await statusOf({ [gateway]: { spec: { type: "NodePort" } } }, "test", "edge-ber");
  expect(text).toMatch(/edge-ber {2}gateway https?:\/\/edge-ber\.example\.com:30080/);
  expect((await statusOf({}, "test", "edge-ber")).text).not.toContain("gateway");
});

it("shows the gateway that local installs on a cluster of one's own, though it adopts the embedded one", async () => {
  const { text } = await statusOf(
    {
      "/api/v1/namespaces/istio-ingress/services/istio-ingressgateway": {
        status: { loadBalancer: { ingress: [{ ip: "172.18.0.9" }] } },
      },
    },
    "local",
    "embedded",
  );
  expect(text).toContain("embedded  gateway http://172.18.0.9");
});

it("says how many pods of a model are ready, since no up waits for them", async () => {
  const rollout = (readyReplicas: number) => ({
    metadata: { name: "fraud", generation: 1 },
    spec: { replicas: 2, template: { metadata: { labels: { version: "2" } } } },
    status: { phase: "Progressing", readyReplicas, stableRS: "a", currentPodHash: "a", observedGeneration: "1" },
  });
  const path = "/apis/argoproj.io/v1alpha1/namespaces/models/rollouts/fraud";
  expect((await statusOf({ [path]: rollout(0) })).text).toContain("progressing, 0 of 2 ready");
  expect((await statusOf({ [path]: rollout(2) })).text).not.toContain("of 2 ready");
});

it("says of a first version that is not ready in time which it is, and why: no release was rolled back", async () => {
  const message =
    'RolloutAborted: Rollout aborted update to revision 1: ReplicaSet "fraud-b" has timed out progressing.';
  const { text, result } = await statusOf({
    "/apis/argoproj.io/v1alpha1/namespaces/models/rollouts/fraud": {
      metadata: { name: "fraud", generation: 1 },
      spec: { replicas: 3, template: { metadata: { labels: { version: "1" } } } },
      status: { phase: "Degraded", message, abort: true, currentPodHash: "b", observedGeneration: "1" },
    },
  });
  expect(text).toContain(`fraud     1               never became ready in time, 0 of 3 ready (${message})`);
  expect(result).toMatchObject({ models: [{ name: "fraud", stableVersion: "1" }, {}] });
});

it("plans without account, CLI or network, with the policies' word", { timeout: 60_000 }, async () => {
  const { pieces, exitCode } = await plan("dev", {}, invocation);
  expect(JSON.parse(await textOf(pieces))).toMatchObject({
    environment: "dev",
    stacks: [
      { stack: "dev-cluster", missingConfig: ["serin:dcLabKubeconfig"] },
      { stack: "dev-platform" },
      { stack: "dev-models" },
    ],
  });
  const text = await textOf((await plan("dev", {}, { ...invocation, json: false })).pieces);
  expect(text).toMatch(/dev: 3 layers, \d+ resources\n\d+ policies: 0 violations/);
  expect(exitCode).toBe(exitCodes.ok);
});

function kubeconfig(port: number, scheme = "https"): string {
  const file = join(home, `kubeconfig-${port}`);
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "kind",
    clusters: [{ name: "c", cluster: { server: `${scheme}://127.0.0.1:${port}` } }],
    users: [{ name: "u", user: {} }],
    contexts: [{ name: "kind", context: { cluster: "c", user: "u" } }],
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

/** A file with a text. */
function written(text: string): string {
  const file = join(mkdtempSync(join(home, "file-")), "text");
  writeFileSync(file, text);
  return file;
}

/** A port nobody listens on: it was free a moment ago. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
