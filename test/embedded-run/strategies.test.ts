import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { request } from "undici";
import { afterAll, beforeAll, expect, it } from "vitest";
import { down } from "../../cli/verbs/down.ts";
import { up } from "../../cli/verbs/up.ts";
import type { Duration } from "../../components/core/quantity.ts";
import { abTest } from "../../components/model/strategies/abTest/abTest.ts";
import { blueGreen } from "../../components/model/strategies/blueGreen/blueGreen.ts";
import { darkLaunch } from "../../components/model/strategies/darkLaunch/darkLaunch.ts";
import { sequence } from "../../components/model/strategies/sequence/sequence.ts";
import { shadow } from "../../components/model/strategies/shadow/shadow.ts";
import type { Release } from "../../components/model/strategies/strategies.ts";
import { faultAnnotation } from "../../embedded/faults/fault.ts";
import { startTraffic } from "../../embedded/traffic/traffic.ts";
import { LiveEngine } from "../../engine/live/liveEngine.ts";
import { ClusterView, type RolloutView } from "../../rehearsal/cluster/clusterView.ts";
import { performAction } from "../../rehearsal/cluster/performAction.ts";
import { PrometheusClient } from "../../rehearsal/cluster/prometheus.ts";
import { plannedAction } from "../../rehearsal/cluster/releaseActions.ts";
import { releaseView } from "../../rehearsal/cluster/releaseView.ts";
import { embeddedCluster, localConfig, stacksOf } from "../../rehearsal/local/localCluster.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import { local } from "../../stacks/environments/local.ts";
import { program } from "../../stacks/program.ts";
import { project } from "../../stacks/project.ts";
import { eventually } from "./environmentRuns.ts";

const invocation = { signal: new AbortController().signal, json: true } as const;
const testers = { "x-user-group": "internal-testers" } as const;
let home: string;
let releases = 0;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "serin-strategies-"));
  process.env.SERIN_HOME = home;
  await up("local", { engine: "live" }, invocation);
});

afterAll(async () => {
  await down("local", { engine: "live" }, invocation);
  rmSync(home, { recursive: true, force: true });
  delete process.env.SERIN_HOME;
});

const cluster = () => embeddedCluster("local");
const view = () => new ClusterView(cluster().kubeconfig);
const gateway = () => cluster().embedded.gateway;

/** Declares a version with a release. Each call is a revision of its own, so that a version may be released twice. */
async function declare(version: string, release: Release, annotations: Record<string, string> = {}): Promise<string> {
  // Without an objective for the score: the A/B tests below compare versions by it.
  const { predictionScore: _, ...slo } = local.models.fraud.slo;
  const fraud = { ...local.models.fraud, replicas: 1, stateless: true, slo, version, release };
  const environment: Environment = { ...local, models: { fraud } };
  releases += 1;
  const marks = { "rehearsal.serin.dev/id": `${releases}`, ...annotations };
  const engine = new LiveEngine({
    project,
    program: async () => program(pulumi.getStack(), { local: environment }),
    config: () => localConfig(environment, cluster(), {}),
    kubeconfigs: [cluster().kubeconfig],
    transformResource: (type, _name, props) => {
      if (!type.endsWith(":Rollout")) return props;
      const { spec, ...rest } = props as { spec: { template: { metadata: { annotations?: object } } } };
      const { metadata, ...pod } = spec.template;
      const template = { ...pod, metadata: { ...metadata, annotations: { ...metadata.annotations, ...marks } } };
      return { ...rest, spec: { ...spec, template } };
    },
  });
  const before = await rollout();
  await engine.up(stacksOf(environment));
  return eventually(async () => {
    const now = await rollout();
    expect(now.observed && now.currentHash !== before.currentHash).toBe(true);
    return now.currentHash;
  });
}

async function rollout(): Promise<RolloutView> {
  const found = await view().rollout("models", "fraud");
  if (found === undefined) throw new Error("There is no Rollout.");
  return found;
}

async function ends(within: number): Promise<RolloutView> {
  return eventually(async () => {
    const now = await rollout();
    expect(now.aborted || (now.phase === "Healthy" && now.stableHash === now.currentHash), now.message).toBe(true);
    return now;
  }, within);
}

async function abort(): Promise<void> {
  const at = { view: view(), namespace: "models", name: "fraud" };
  const seen = await releaseView(at.view, at.namespace, at.name);
  if (seen === undefined) throw new Error("There is no Rollout.");
  const action = plannedAction("abort", { view: seen, options: {}, declaredAt: "test", declared: "2" });
  await performAction({ ...at, action, seen, reason: "test", patienceMs: 30_000, signal: invocation.signal });
}

/** The version that answers an HTTP request. */
async function http(headers: Record<string, string> = {}): Promise<string> {
  const { address, port } = gateway();
  const answer = await request(`http://${address}:${port}/v2/models/fraud`, {
    headers: { host: "fraud.models.local", ...headers },
  });
  await answer.body.dump();
  expect(answer.statusCode).toBe(200);
  return String(answer.headers["x-serin-version"]);
}

/** The versions that answer twenty requests. */
async function versions(headers: Record<string, string> = {}): Promise<string[]> {
  const seen = new Set<string>();
  for (let n = 0; n < 20; n += 1) seen.add(await http(headers));
  return [...seen];
}

/** The version that answers a gRPC request, and its status. */
function grpc(headers: Record<string, string> = {}): Promise<{ status: unknown; version: unknown }> {
  const { address, port } = gateway();
  const session = connect(`http://${address}:${port}`);
  return new Promise((resolve, reject) => {
    session.once("error", reject);
    const call = session.request({
      ":method": "POST",
      ":path": "/inference.GRPCInferenceService/ServerReady",
      ":authority": "fraud.models.local",
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    const seen: Record<string, unknown> = {};
    call.on("response", (all) => Object.assign(seen, all)).on("trailers", (all) => Object.assign(seen, all));
    call.on("error", reject).on("end", () => {
      session.close();
      resolve({ status: seen["grpc-status"], version: seen["x-serin-version"] });
    });
    call.resume();
    // An empty message: no compression, no bytes.
    call.end(Buffer.alloc(5));
  });
}

const traffic = () =>
  startTraffic({ ...gateway(), host: "fraud.models.local", model: "fraud", rate: 200, durationMs: 600_000 });

/** What the pods of a revision have answered so far. */
const answered = (hash: string) =>
  new PrometheusClient(cluster().embedded.prometheusUrl, invocation.signal).value(
    `sum(istio_requests_total{reporter="destination",pod=~"fraud-${hash}-.+"})`,
  );

it("a dark launch: the cohort reaches the new version by its header, over HTTP and gRPC, and nobody else does", async () => {
  await declare("2", darkLaunch({ lasts: "0s", requests: 20, gate: "manual" }));
  await eventually(async () => expect(await http(testers)).toBe("2"), 120_000);
  expect(await versions(testers)).toEqual(["2"]);
  expect(await versions()).toEqual(["1"]);
  expect(await versions({ "x-user-group": "others" })).toEqual(["1"]);
  expect(await grpc(testers)).toEqual({ status: "0", version: "2" });
  expect(await grpc()).toEqual({ status: "0", version: "1" });
  // Enough requests of the cohort: the release waits for a person.
  await eventually(async () => expect((await rollout()).phase).toBe("Paused"), 60_000);
  await abort();
  await eventually(async () => expect(await versions(testers)).toEqual(["1"]), 60_000);
});

it("a shadow answers nobody and is judged, then blue-green switches all traffic at once, without an error", async () => {
  const callers = traffic();
  const hash = await declare(
    "2",
    sequence([shadow({ lasts: "0s" }), blueGreen({ lasts: "0s", requests: 0, bake: "0s" })]),
  );
  await eventually(async () => expect(await answered(hash)).toBeGreaterThan(200), 120_000);
  expect(await view().canaryWeight("models", "fraud-release")).toBe(0);
  expect(await versions()).toEqual(["1"]);
  expect((await ends(180_000)).aborted).toBe(false);
  expect(await versions()).toEqual(["2"]);
  const analyses = await view().analyses("models", "fraud", hash);
  expect(analyses.map(({ phase }) => phase)).not.toContain("Failed");
  const { errors } = await callers.stop();
  expect(errors).toEqual({});
});

it("blue-green returns all traffic at once when the new version fails with it", async () => {
  const callers = traffic();
  await declare("1", blueGreen({ lasts: "0s", requests: 0, bake: "0s" }), { [faultAnnotation]: "errors=5%" });
  expect((await ends(180_000)).aborted).toBe(true);
  await eventually(async () => expect(await versions()).toEqual(["2"]), 10_000);
  await sleep(1_000);
  const { errors, sent } = await callers.stop();
  console.log(`blue-green, 5 % errors: ${errors["500"]} of ${sent} requests failed`);
  expect(errors["500"]).toBeGreaterThan(0);
});

/** Low scores are good for business. Both counters are the model's own. */
const metric = { successes: 'model_prediction_score_bucket{le="0.1"}', trials: "model_prediction_score_count" };
const better = { [faultAnnotation]: "score=-0.05" };
const compared = (longest: Duration) => abTest({ metric, percent: 49, shortest: "20s", longest });

it("an A/B test keeps each user on one version, and declares the better one", async () => {
  const callers = traffic();
  const before = await http();
  const other = before === "1" ? "2" : "1";
  await declare(other, compared("10m"), better);
  await eventually(async () => expect(await view().canaryWeight("models", "fraud-release")).toBe(49), 60_000);
  const users = Array.from({ length: 40 }, (_, user) => ({ "x-user-id": `user-${user}` }));
  const first = await eventually(async () => {
    const seen = await Promise.all(users.map(http));
    expect(new Set(seen).size).toBe(2);
    return seen;
  });
  for (let again = 0; again < 3; again += 1) expect(await Promise.all(users.map(http))).toEqual(first);
  expect((await ends(120_000)).aborted).toBe(false);
  expect(await versions()).toEqual([other]);
  await callers.stop();
});

it("an A/B test declares nobody between equals: when its time is over, all traffic goes back", async () => {
  const callers = traffic();
  const before = await http();
  // The same version again with the scores that it was promoted with, in pods of its own: no two can be more equal.
  const hash = await declare(before, compared("40s"), better);
  const since = performance.now();
  const { aborted, message } = await ends(120_000);
  expect(aborted, message).toBe(true);
  console.log(`A/B test of equals: ${message}; ${JSON.stringify(await view().analyses("models", "fraud", hash))}`);
  // Not sooner: neither is worse, and users are split as declared.
  expect(performance.now() - since).toBeGreaterThan(35_000);
  await eventually(async () => expect(await versions()).toEqual([before]), 10_000);
  await callers.stop();
});
