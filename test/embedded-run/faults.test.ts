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

  it("that cannot be read is explained on the pod", async () => {
    await pods.create(fraudPod("unreadable", { fault: "latency=200ms" }));
    await eventually(async () =>
      expect((await pods.read("unreadable")).status?.containerStatuses?.[0]?.state?.waiting?.message).toContain(
        'Write "latency=+200ms".',
      ),
    );
  });
});
