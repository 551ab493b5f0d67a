import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CoreV1Event } from "@kubernetes/client-node";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { changeRelease } from "../../cli/verbs/release.ts";
import { releaseStatus } from "../../cli/verbs/releaseStatus.ts";
import type { Model } from "../../components/model/model.ts";
import { rollback } from "../../components/model/rollback.ts";
import { canary } from "../../components/model/strategies/canary/canary.ts";
import { ClusterView } from "../../rehearsal/cluster/clusterView.ts";
import { type ReleaseView, releaseView } from "../../rehearsal/cluster/releaseView.ts";
import type { ReleaseVerb } from "../../stacks/environments/releaseVerbs.ts";
import { sound } from "../components/model/fixtures.ts";
import { type RolloutsCluster, startRolloutsCluster } from "./rolloutsController.ts";

const invocation = { signal: new AbortController().signal, json: true } as const;
const model: Model = { ...sound, release: canary({ weights: [5, 20, 50, 100], bake: "0s" }) };
let cluster: RolloutsCluster;
let view: ClusterView;
let home: string;
let version = 1;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "serin-verbs-"));
  process.env.SERIN_HOME = home;
  cluster = await startRolloutsCluster();
  view = new ClusterView(cluster.kubeconfig);
  await cluster.deploy({ ...model, version: "1" });
  await until(({ rollout, stableVersion }) => rollout.phase === "Healthy" && stableVersion === "1");
}, 120_000);

afterAll(async () => {
  await cluster?.stop();
  rmSync(home, { recursive: true, force: true });
  delete process.env.SERIN_HOME;
});

/** What analyses find: 0 undecided, 1 pass, 2 fail. All pods answer scrapes at any time. */
function analysesFind(verdict: 0 | 1 | 2, ofGuard: 2 | undefined = undefined): void {
  cluster.answer = (query) => (query.includes("up{") ? 1 : query.includes("[17s]") ? ofGuard : verdict);
}

beforeEach(() => analysesFind(0));

async function until(isSo: (release: ReleaseView) => boolean, seconds = 30): Promise<ReleaseView> {
  const end = performance.now() + seconds * 1_000;
  for (;;) {
    const release = await releaseView(view, "models", "fraud");
    if (release !== undefined && isSo(release)) return release;
    if (performance.now() > end)
      throw new Error(`it did not come to that: ${JSON.stringify(release?.rollout)} ${release?.weight}`);
    await sleep(100);
  }
}

/** Declares the next version and waits until it has the first weight. */
async function release(): Promise<{ from: string; to: string }> {
  const from = (await until(() => true)).stableVersion;
  version += 1;
  await cluster.deploy({ ...model, version: String(version) });
  await until(({ rollout, weight }) => rollout.version === String(version) && weight === 5);
  return { from, to: String(version) };
}

async function ask(verb: ReleaseVerb, more: { full?: boolean; to?: string } = {}) {
  const options = { environment: "local", kubeconfig: cluster.kubeconfig, reason: `test of ${verb}`, yes: true };
  const { result, exitCode } = await changeRelease(verb, "fraud", { ...options, ...more }, invocation);
  expect(exitCode).toBe(0);
  return result as { done: boolean; tookMs: number; weight: number; version: { stable: string; newest: string } };
}

it("an abort takes the traffic back, a retry releases the version again", { timeout: 120_000 }, async () => {
  const { from, to } = await release();
  const aborted = await ask("abort");
  expect(aborted).toMatchObject({ done: true, weight: 0, version: { stable: from, newest: to } });
  expect(await ask("retry")).toMatchObject({ done: true });
  await until(({ rollout, weight }) => !rollout.aborted && weight === 5);
  const { items } = await cluster.plane.send<{ items: CoreV1Event[] }>({
    method: "GET",
    path: "/api/v1/namespaces/models/events",
    query: { fieldSelector: "involvedObject.kind=Rollout" },
  });
  expect(items.map(({ reason, message }) => `${reason} ${message}`)).toEqual(
    expect.arrayContaining(["ReleaseAbort admin: test of abort", "ReleaseRetry admin: test of retry"]),
  );
  await ask("rollback");
});

it("a promotion goes on to each next weight and ends the release after the last", { timeout: 120_000 }, async () => {
  const { to } = await release();
  for (const weight of [20, 50, 100]) {
    expect((await ask("promote")).done).toBe(true);
    await until((now) => now.weight === weight || now.stableVersion === to);
  }
  // The last step may end by itself.
  if ((await until(() => true)).stableVersion !== to) await ask("promote").catch(() => undefined);
  await until(({ stableVersion }) => stableVersion === to);
});

it("a pause holds the weights though analyses pass, and goes on after it", { timeout: 120_000 }, async () => {
  await release();
  await ask("pause");
  analysesFind(1);
  await sleep(6_000);
  const held = await until(() => true);
  expect(held).toMatchObject({ paused: true, weight: 5 });
  await ask("resume");
  await until(({ weight }) => weight > 5);
  await ask("abort");
});

it("a guard that fails takes the traffic away in a pause, too", { timeout: 120_000 }, async () => {
  await release();
  await ask("pause");
  analysesFind(2);
  await until(({ rollout, weight }) => rollout.aborted && weight === 0);
  analysesFind(0);
  await ask("retry");
  await until(({ rollout }) => !rollout.aborted);
  const { result } = await releaseStatus("fraud", { environment: "local", kubeconfig: cluster.kubeconfig }, invocation);
  expect(result).toMatchObject({ paused: true });
  await ask("resume");
  await until(({ weight }) => weight === 5);
  await ask("abort");
});

it("a rollback guard takes the traffic away after all of it is on the new version", { timeout: 180_000 }, async () => {
  const guards = [rollback({ metric: "http_5xx_rate", threshold: "5%", for: "17s", watch: "1h" })];
  const from = (await until(() => true)).stableVersion;
  version += 1;
  const to = String(version);
  analysesFind(1);
  await cluster.deploy({ ...model, version: to, guards });
  // Every analysis passes: the new version has all of the traffic, and the release waits at its last step.
  const watching = ({ rollout, weight }: ReleaseView) =>
    weight === 100 && rollout.step === rollout.stepWeights.length - 1;
  const { stableVersion, revisions } = await until((now) => now.rollout.version === to && watching(now), 90);
  expect(stableVersion).toBe(from);
  expect(revisions.find(({ version: one }) => one === from)?.available).toBe(model.replicas);
  await sleep(5_000);
  expect((await until(() => true)).weight).toBe(100);
  analysesFind(0, 2);
  const fired = performance.now();
  const back = await until(({ rollout, weight }) => rollout.aborted && weight === 0);
  expect(back.stableVersion).toBe(from);
  // Two looks of a guard that looks every two seconds, and what the controller takes.
  expect(performance.now() - fired).toBeLessThan(6_000);
  analysesFind(0);
  await cluster.deploy({ ...model, version: from });
  await until(({ rollout }) => rollout.phase === "Healthy" && rollout.version === from);
});

it("a rollback after a promotion returns to the version before, and the next declaration is no conflict", {
  timeout: 180_000,
}, async () => {
  const { from, to } = await release();
  await ask("promote", { full: true });
  await until(({ stableVersion }) => stableVersion === to);
  const back = await ask("rollback");
  expect(back).toMatchObject({ done: true, version: { stable: from, newest: from } });
  // Neither what a person restored nor what they wrote down belongs to another manager.
  await cluster.deploy({ ...model, version: from });
  expect(await until(() => true)).toMatchObject({ stableVersion: from });
  const next = await release();
  expect(next.from).toBe(from);
  await ask("abort");
  // A version that was refused is not gone back to.
  const again = await release();
  await ask("promote", { full: true });
  await until(({ stableVersion }) => stableVersion === again.to);
  expect(await ask("rollback")).toMatchObject({ done: true, version: { stable: from } });
});
