import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { down } from "../../cli/verbs/down.ts";
import { predict } from "../../cli/verbs/predict.ts";
import { up } from "../../cli/verbs/up.ts";
import type { Model } from "../../components/model/model.ts";
import { abTest } from "../../components/model/strategies/abTest/abTest.ts";
import { blueGreen } from "../../components/model/strategies/blueGreen/blueGreen.ts";
import { canary } from "../../components/model/strategies/canary/canary.ts";
import { darkLaunch } from "../../components/model/strategies/darkLaunch/darkLaunch.ts";
import { sequence } from "../../components/model/strategies/sequence/sequence.ts";
import { shadow } from "../../components/model/strategies/shadow/shadow.ts";
import { runRehearsal } from "../../rehearsal/rehearsal.ts";
import { rehearsalTime } from "../../rehearsal/rehearsalTime.ts";
import type { RehearsalReport } from "../../rehearsal/report.ts";
import { headline, servedLines, stepRows } from "../../rehearsal/text.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import { local } from "../../stacks/environments/local.ts";

const invocation = { signal: new AbortController().signal, json: true } as const;
let home: string;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "serin-rehearsals-"));
  process.env.SERIN_HOME = home;
  await up("local", { engine: "live" }, invocation);
});

afterAll(async () => {
  await down("local", { engine: "live" }, invocation);
  rmSync(home, { recursive: true, force: true });
  delete process.env.SERIN_HOME;
});

const { fraud } = local.models;
const { predictionScore: _, ...slo } = fraud.slo;

/** A rehearsal with the time that is computed for it: it must end by itself. */
async function rehearsed(faults: string, rate = 200, change: Partial<Model> = {}): Promise<RehearsalReport> {
  const model: Model = { ...fraud, ...change };
  const environment: Environment = { ...local, models: { fraud: model } };
  const { timeoutMs } = rehearsalTime("fraud", model, environment, { rate, faults });
  const { report, notReturned } = await runRehearsal({
    environment,
    name: "fraud",
    model,
    to: "2",
    faults,
    rate,
    timeoutMs,
    signal: invocation.signal,
    onPhase: () => {},
    onState: () => {},
    onReport: () => {},
  });
  console.log([headline(report), report.reason, ...stepRows(report).map(String), ...servedLines(report)].join("\n"));
  expect(notReturned).toBeUndefined();
  expect((await predict("fraud", { environment: "local" }, invocation)).result).toMatchObject({ version: "1" });
  return report;
}

/** Objectives that few requests decide, so that five a second do within minutes. */
const coarse = {
  slo: { ...slo, errorRate: "10%" },
  release: canary({ weights: [50, 100], bake: "0s" }),
} as const;

describe("at any rate the right outcome comes by itself", () => {
  it.each([
    [5, coarse, "errors=100%"],
    [50, {}, "errors=20%"],
    [500, {}, "errors=1%"],
  ] as const)("at %d requests a second", async (rate, change, fault) => {
    expect((await rehearsed("", rate, change)).outcome).toBe("promoted");
    expect((await rehearsed(fault, rate, change)).outcome).toBe("rolledBack");
  });
});

describe("a faulty version gets no traffic in the end", () => {
  it.each([
    ["timeouts=10%", "rolledBack", /errors/],
    ["batch-errors=20%", "rolledBack", /errors/],
    ["4xx-burst=20%", "rolledBack", /refused|client/i],
    ["skewed-score=50%", "rolledBack", /score/],
    ["syntax-error", "notStarted", /does not compile/],
    ["bad-config", "notStarted", /max_batchsize/],
    ["no-gpu", "notStarted", /GPU/i],
  ])("%s", async (fault, outcome, reason) => {
    const report = await rehearsed(fault);
    expect(report.outcome).toBe(outcome);
    expect(report.reason).toMatch(reason);
  });
});

it("a healthy version is promoted though its pods are killed and Prometheus stands still", async () => {
  expect((await rehearsed("pod-kill=60s@20s,prometheus-outage=15s@40s")).outcome).toBe("promoted");
});

const metric = { successes: 'model_prediction_score_bucket{le="0.1"}', trials: "model_prediction_score_count" };

describe("a rehearsal follows the release strategy", () => {
  const one = { replicas: 1, stateless: true, slo } as const;
  const short = { lasts: "0s", requests: 10 } as const;

  it("a dark launch with a person's gate, a shadow, then blue-green", async () => {
    const release = sequence([
      darkLaunch({ ...short, gate: "manual" }),
      shadow({ lasts: "0s" }),
      blueGreen({ ...short, bake: "0s" }),
    ]);
    const report = await rehearsed("", 200, { ...one, release });
    expect(report.outcome).toBe("promoted");
    expect(report.steps.map(({ stage, weight }) => stage ?? weight)).toEqual([
      "chosen requests",
      "copies of 100 %",
      ...(report.steps.length > 3 ? ["chosen requests"] : []),
      100,
    ]);
    expect(report.steps[1]?.requests).toBeGreaterThan(100);
  });

  it("a shadow that fails reaches no caller", async () => {
    const report = await rehearsed("errors=20%", 200, { ...one, release: shadow({ lasts: "0s" }) });
    expect(report.outcome).toBe("rolledBack");
    expect(report.served.errors).toBe(0);
  });

  it("an A/B test is won by the better version", async () => {
    const release = abTest({ metric, percent: 49, shortest: "15s", longest: "5m" });
    const report = await rehearsed("score=-0.05", 200, { ...one, release });
    expect(report.outcome).toBe("promoted");
    expect(report.steps.map(({ weight }) => weight)).toEqual([49, 100]);
  });
});
