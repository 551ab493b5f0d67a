import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { down } from "../../cli/verbs/down.ts";
import { predict } from "../../cli/verbs/predict.ts";
import { rehearse } from "../../cli/verbs/rehearse.ts";
import { releaseStatus } from "../../cli/verbs/releaseStatus.ts";
import { up } from "../../cli/verbs/up.ts";
import { exitCodes } from "../../components/core/problem.ts";
import type { Model } from "../../components/model/model.ts";
import { tritonPod } from "../../components/model/tritonPod.ts";
import type { Finding } from "../../diagnosis/diagnose.ts";
import { findEnvironment } from "../../embedded/environment/environment.ts";
import type { ResourceEvent } from "../../engine/engine.ts";
import { ClusterView } from "../../rehearsal/cluster/clusterView.ts";
import { artifactDigest } from "../../rehearsal/local/artifactDigest.ts";
import { embeddedCluster, liveEngine, sampleRepository, stacksOf } from "../../rehearsal/local/localCluster.ts";
import type { RehearsalReport } from "../../rehearsal/report.ts";
import { headline, servedLines } from "../../rehearsal/text.ts";
import { local } from "../../stacks/environments/local.ts";
import { kill, listenersOf, pidOf, processesOf, running } from "./environmentRuns.ts";

const invocation = { signal: new AbortController().signal, json: true } as const;
let home: string;
/** Where Triton's Python backend keeps its tensors. */
const sharedMemory = () => readdirSync("/dev/shm").sort();
let sharedMemoryBefore: string[];

beforeAll(async () => {
  sharedMemoryBefore = sharedMemory();
  home = mkdtempSync(join(tmpdir(), "serin-release-"));
  process.env.SERIN_HOME = home;
  await up("local", { engine: "live" }, invocation);
});

afterAll(async () => {
  await down("local", { engine: "live" }, invocation);
  rmSync(home, { recursive: true, force: true });
  delete process.env.SERIN_HOME;
});

async function rehearsal(fault = ""): Promise<{ report: RehearsalReport; exitCode: number | undefined }> {
  const options = { to: "2", fault, timeout: "10m", report: join(home, "reports"), environment: "local" };
  const { result, exitCode } = await rehearse("fraud", options, invocation);
  const report = result as RehearsalReport & { files: { json: string; page: string } };
  expect(JSON.parse(readFileSync(report.files.json, "utf8")).outcome).toBe(report.outcome);
  expect(readFileSync(report.files.page, "utf8")).toContain("<svg");
  // The figures are part of what this test is for: they belong in the log of every run.
  console.log(
    [headline(report), ...servedLines(report), ...report.steps.map((step) => JSON.stringify(step))].join("\n"),
  );
  return { report, exitCode };
}

async function servedVersion(): Promise<string> {
  return ((await predict("fraud", { environment: "local" }, invocation)).result as { version: string }).version;
}

const view = () => new ClusterView(embeddedCluster("local").kubeconfig);

describe("a healthy version", () => {
  it("is promoted to all traffic within five minutes at the default rate", async () => {
    const { report, exitCode } = await rehearsal();
    expect(report.outcome).toBe("promoted");
    expect(exitCode).toBe(exitCodes.ok);
    expect(report.durationMs).toBeLessThan(300_000);
    expect(report.steps.map(({ weight }) => weight)).toEqual(expect.arrayContaining([5, 20, 50]));
    for (const step of report.steps.filter(({ weight }) => weight < 100)) {
      const own = step.verdicts.filter(({ by }) => by === "step");
      expect(own.map(({ metric }) => metric)).toEqual(
        expect.arrayContaining(["errors", "latency", "prediction-score"]),
      );
      expect(own.every(({ verdict }) => verdict === "Successful")).toBe(true);
    }
    expect(report.served.errors).toBe(0);
    expect(await servedVersion()).toBe("1");
  });

  it("is promoted though every controller is killed on the way", async () => {
    const killed: string[] = [];
    const killing = (async () => {
      await weightReached(5);
      for (const process of ["kube-apiserver", "argo-rollouts", "istiod", "prometheus"]) {
        await sleep(10_000);
        kill(pidOf("local", process));
        killed.push(process);
      }
    })();
    const { report } = await rehearsal();
    await killing;
    expect(killed).toHaveLength(4);
    expect(report.outcome).toBe("promoted");
    expect(report.served.errors).toBe(0);
    expect(await servedVersion()).toBe("1");
  });
});

describe("a bad version is rolled back, and traffic is on the old one again", () => {
  it.each([
    ["errors=1%", "errors", 90_000],
    ["latency=+200ms", "latency", 120_000],
    ["score=+0.1", "prediction-score", 120_000],
  ])("%s", async (fault, metric, withinMs) => {
    const { report, exitCode } = await rehearsal(fault);
    expect(report.outcome).toBe("rolledBack");
    expect(exitCode).toBe(exitCodes.releaseFailed);
    expect(report.durationMs).toBeLessThan(withinMs);
    const failed = report.steps.flatMap(({ verdicts }) => verdicts).filter(({ verdict }) => verdict === "Failed");
    expect(failed.map((verdict) => verdict.metric)).toContain(metric);
    // What was seen at that moment: the pods of the version are gone by now.
    expect(report.reason).toMatch(new RegExp(`${metric}: .*(\\d requests|\\d scores)`));
    expect(report.samples.at(-1)).toMatchObject({ weight: 0, errors: 0 });
    expect(await servedVersion()).toBe("1");
  });

  it("for errors when no pod answers within the gateway's timeout, though its own proxy sees none", async () => {
    const { report } = await rehearsal("latency=+6s");
    expect(report.outcome).toBe("rolledBack");
    expect(report.durationMs).toBeLessThan(120_000);
    const [first] = report.steps;
    expect(first).toMatchObject({ weight: 5, errors: 0 });
    const failed = first?.verdicts.filter(({ verdict, by }) => verdict === "Failed" && by === "guard");
    expect(failed?.map(({ metric }) => metric)).toContain("errors");
    expect(await servedVersion()).toBe("1");
  });

  it("though the controller and Prometheus are killed as it fails", async () => {
    const killing = (async () => {
      await weightReached(5);
      kill(pidOf("local", "argo-rollouts"));
      kill(pidOf("local", "prometheus"));
    })();
    const { report } = await rehearsal("errors=1%");
    await killing;
    expect(report.outcome).toBe("rolledBack");
    expect(await servedVersion()).toBe("1");
  });

  it("when its server crashes again and again", async () => {
    const { report } = await rehearsal("crash");
    expect(report.outcome).toBe("rolledBack");
    expect(await servedVersion()).toBe("1");
  });
});

it("a second up changes nothing", async () => {
  const { result } = await up("local", { engine: "live" }, invocation);
  const { stacks } = result as { stacks: { changes: Record<string, number> }[] };
  const changes = stacks.flatMap((stack) => Object.keys(stack.changes));
  expect([...new Set(changes)].filter((change) => change !== "unchanged" && change !== "read")).toEqual([]);
});

it("an up in the middle of a canary leaves its weights alone", async () => {
  const declare = async () => {
    const events: ResourceEvent[] = [];
    const engine = await liveEngine(local, embeddedCluster("local"), { config: { "serin:versions": '{"fraud":"2"}' } });
    await engine.up(stacksOf(local), { onResource: (event) => events.push(event) });
    return events.filter(({ action }) => action !== "unchanged" && action !== "read").map(({ name }) => name);
  };
  expect(await declare()).toEqual(["embedded-fraud-rollout"]);
  await weightReached(5);
  expect(await declare()).toEqual([]);
  await sleep(3_000);
  expect(await view().canaryWeight("models", "fraud-release")).toBe(5);

  await up("local", { engine: "live" }, invocation);
  expect(await servedVersion()).toBe("1");
});

it("gives a version whose files are others than declared no request, says why, and goes back in time", async () => {
  const digest = artifactDigest(join(sampleRepository, "fraud/1"));
  const forged: Model = { ...local.models.fraud, version: "2", artifact: { digest } };
  const template = tritonPod("fraud", forged, { gpuPools: {}, modelStore: { kind: "pvc", claim: "model-store" } });
  const engine = await liveEngine(local, embeddedCluster("local"), {
    transformResource: (type, _name, props) =>
      // A shorter deadline than the declared one, which leaves time for the pull of an image.
      type.endsWith(":Rollout")
        ? { ...props, spec: { ...(props.spec as object), template, progressDeadlineSeconds: 30 } }
        : props,
  });
  await engine.up(stacksOf(local));
  const status = async () =>
    (await releaseStatus("fraud", { environment: "local" }, invocation)).result as {
      readonly weight: number;
      readonly state: string;
      readonly findings: readonly Finding[];
    };
  const until = Date.now() + 120_000;
  let causes: string[] = [];
  for (;;) {
    const { weight, state, findings } = await status();
    expect(weight).toBe(0);
    // The pods of a version that was rolled back are ended 30 seconds later, and what they said with them.
    if (findings.length > 0) causes = findings.map(({ cause }) => cause);
    if (state.startsWith("rolled back from 2") && causes.length > 0) break;
    if (Date.now() > until) throw new Error(`not rolled back: ${state}`);
    await sleep(1_000);
  }
  expect(causes).toEqual([
    `Version 2: declared is digest ${digest}, and the files in /models/fraud/2 have ${artifactDigest(join(sampleRepository, "fraud/2"))}.`,
  ]);
  expect(await servedVersion()).toBe("1");
  await up("local", { engine: "live" }, invocation);
});

it("refuses a version that is not in the store, before anything changes", async () => {
  const before = await view().rollout("models", "fraud");
  const options = { to: "3", fault: "", timeout: "10m", report: join(home, "reports"), environment: "local" };
  await expect(rehearse("fraud", options, invocation)).rejects.toThrow('--to: "3" is not one of "1", "2".');
  expect(await view().rollout("models", "fraud")).toEqual(before);
});

it("lets one serin at a time change what is declared", async () => {
  const first = up("local", { engine: "live" }, invocation);
  await sleep(0);
  const second = up("local", { engine: "live" }, invocation);
  const outcomes = await Promise.allSettled([first, second]);
  const refused = outcomes.filter(({ status }) => status === "rejected");
  expect(refused).toHaveLength(1);
  expect(String((refused[0] as PromiseRejectedResult).reason)).toContain('Environment "local" is busy');
});

it("down leaves no process, no port, no file", async () => {
  const dataDir = findEnvironment("local")?.dataDir ?? "";
  expect(existsSync(dataDir)).toBe(true);
  const pids = processesOf("local");
  expect(listenersOf(pids).length).toBeGreaterThan(0);
  await down("local", { engine: "live" }, invocation);
  expect(running(pids)).toEqual([]);
  expect(listenersOf(pids)).toEqual([]);
  expect(findEnvironment("local")).toBeUndefined();
  expect(existsSync(dataDir)).toBe(false);
  expect(sharedMemory()).toEqual(sharedMemoryBefore);
});

/** Waits until the canary has that share of the traffic. */
async function weightReached(weight: number): Promise<void> {
  const until = Date.now() + 120_000;
  while ((await view().canaryWeight("models", "fraud-release")) < weight) {
    if (Date.now() > until) throw new Error(`no canary reached ${weight} %`);
    await sleep(500);
  }
}
