import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Environment, stopEnvironment } from "../../embedded/environment/environment.ts";
import { startTraffic } from "../../embedded/traffic/traffic.ts";
import { eventually } from "./environmentRuns.ts";
import { fraudPod, infer, isReady, Pods, podMonitor, startWithModels } from "./podRuns.ts";

const name = "faults";
const home = mkdtempSync(join(tmpdir(), "serin-faults-"));
const homeBefore = process.env.SERIN_HOME;
let environment: Environment;
let pods: Pods;

beforeAll(async () => {
  process.env.SERIN_HOME = home;
  environment = await startWithModels(name);
  pods = new Pods(environment);
});

afterAll(async () => {
  await stopEnvironment(name);
  rmSync(home, { recursive: true, force: true });
  if (homeBefore === undefined) delete process.env.SERIN_HOME;
  else process.env.SERIN_HOME = homeBefore;
});

const traffic = (address: string, rate: number, durationMs: number) =>
  startTraffic({ address, port: 8000, host: "fraud", model: "fraud", rate, durationMs, slowerThanMs: 150 }).summary;

describe("a fault", () => {
  it("of errors fails every hundredth request and no other", async () => {
    const address = await pods.run("errors", { version: "2", fault: "errors=1%" });
    const answers = [];
    for (let n = 0; n < 300; n += 1) answers.push((await infer(address)).status);
    const failed = answers.flatMap((status, n) => (status === 500 ? [n + 1] : []));
    expect(failed).toEqual([100, 200, 300]);
    expect(answers.filter((status) => status === 200)).toHaveLength(297);
  });

  it("of latency makes each answer late without a queue behind it", async () => {
    const address = await pods.run("latency", { version: "2", fault: "latency=+200ms" });
    const summary = await traffic(address, 100, 5_000);
    expect(summary.ok).toBe(summary.sent);
    expect(summary.versions["2"]?.slow).toBe(summary.sent);
    expect(summary.latencyMs.p50).toBeGreaterThanOrEqual(200);
    // One answer at a time would be 5 a second: a queue of seconds.
    expect(summary.latencyMs.p90).toBeLessThan(1_000);
  });

  it("of the score shifts the answers and the exported metrics alike", async () => {
    await pods.create(podMonitor("scored"));
    const healthy = await pods.run("healthy", { version: "2", labels: { app: "scored" } });
    const shifted = await pods.run("shifted", { version: "2", fault: "score=+0.1", labels: { app: "scored" } });
    const right = (await infer(healthy)).score ?? 0;
    expect((await infer(shifted)).score).toBeCloseTo(right + 0.1, 5);
    const summary = await traffic(shifted, 100, 3_000);
    expect(summary.versions["2"]?.scores.mean).toBeCloseTo(0.22, 1.5);
    const part = (suffix: string) => pods.query(`sum(model_prediction_score_${suffix}{pod="shifted"})`);
    await eventually(async () => expect(await part("count")).toBe(summary.ok + 1));
    const count = (await part("count")) ?? 0;
    const mean = ((await part("sum")) ?? 0) / count;
    expect(mean).toBeCloseTo(summary.versions["2"]?.scores.mean ?? 0, 2);
    const variance = ((await part("sumsq")) ?? 0) / count - mean ** 2;
    expect(Math.sqrt(variance)).toBeCloseTo(0.1, 1);
  });

  it("of crashing kills the server again and again", async () => {
    const address = await pods.run("crash", { version: "2", fault: "crash" });
    const statuses = [];
    for (let n = 0; n < 52; n += 1) statuses.push((await infer(address)).status);
    expect(statuses.slice(0, 50)).toEqual(Array(50).fill(200));
    expect(statuses.slice(50)).toEqual([503, 503]);
    await eventually(async () =>
      expect((await pods.read("crash")).status?.containerStatuses?.[0]).toMatchObject({
        restartCount: 1,
        ready: true,
        lastState: { terminated: { exitCode: 137 } },
      }),
    );
    for (let n = 0; n < 51; n += 1) await infer(address);
    await eventually(async () =>
      expect((await pods.read("crash")).status?.containerStatuses?.[0]?.restartCount).toBe(2),
    );
  });

  it("of a slow start keeps the pod from being ready, and does not fail it", async () => {
    const began = Date.now();
    await pods.create(fraudPod("slow", { version: "2", fault: "slow-start=6s" }));
    await eventually(async () => expect((await pods.read("slow")).status?.phase).toBe("Running"));
    expect(isReady(await pods.read("slow"))).toBe(false);
    await pods.whenReady("slow");
    expect(Date.now() - began).toBeGreaterThan(6_000);
    expect((await pods.read("slow")).status?.containerStatuses?.[0]?.restartCount).toBe(0);
  });

  it("of requests without an answer leaves every tenth so, and answers the others", async () => {
    const address = await pods.run("hanging", { version: "2", fault: "timeouts=10%" });
    const host = { address, port: 8000, host: "fraud", model: "fraud", spacing: "even" } as const;
    const summary = await startTraffic({ ...host, rate: 20, durationMs: 5_000, timeoutMs: 3_000 }).summary;
    expect(summary).toMatchObject({ sent: 100, ok: 90, errors: { timeout: 10 } });
  });

  it.each([
    ["batch-errors=10%", 500],
    ["4xx-burst=10%", 400],
  ])("of %s answers twenty requests in a row with %d", async (fault, status) => {
    const address = await pods.run(`burst-${status}`, { version: "2", fault });
    const statuses = [];
    for (let n = 0; n < 400; n += 1) statuses.push((await infer(address)).status);
    const failed = statuses.flatMap((seen, n) => (seen === status ? [n] : []));
    expect(failed).toHaveLength(40);
    expect(statuses.filter((seen) => seen === 200)).toHaveLength(360);
    const [first = 0] = failed;
    expect(failed.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, n) => first + n));
  });

  it("of skewed scores shifts every tenth answer and no other", async () => {
    const healthy = await pods.run("unskewed", { version: "2" });
    const address = await pods.run("skewed", { version: "2", fault: "skewed-score=10%" });
    const right = (await infer(healthy)).score ?? 0;
    const scores = [];
    for (let n = 0; n < 100; n += 1) scores.push((await infer(address)).score ?? 0);
    expect(scores.filter((score) => Math.abs(score - right - 0.5) < 1e-5)).toHaveLength(10);
    expect(scores.filter((score) => Math.abs(score - right) < 1e-5)).toHaveLength(90);
  });

  it("of a cold start makes answers late at first, and not for long", async () => {
    const address = await pods.run("cold", { version: "2", fault: "cold-start=3s" });
    const taken = async () => {
      const began = Date.now();
      expect((await infer(address)).status).toBe(200);
      return Date.now() - began;
    };
    expect(await taken()).toBeGreaterThan(950);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await taken()).toBeLessThan(500);
  });

  it.each([
    ["bad-config", "max_batchsize"],
    ["syntax-error", "SyntaxError"],
  ])("of %s ends Triton, which says why", async (fault, said) => {
    await pods.create(fraudPod(fault, { version: "2", fault }));
    await eventually(async () => {
      const state = (await pods.read(fault)).status?.containerStatuses?.[0];
      const message = state?.lastState?.terminated?.message ?? state?.state?.terminated?.message;
      expect(message).toContain(said);
    });
  });

  it("that cannot be read is explained on the pod", async () => {
    await pods.create(fraudPod("unreadable", { fault: "latency=200ms" }));
    await eventually(async () =>
      expect((await pods.read("unreadable")).status?.containerStatuses?.[0]?.state?.waiting?.message).toContain(
        'Write "latency=+200ms".',
      ),
    );
  });
});
