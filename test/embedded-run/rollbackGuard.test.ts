import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import { afterAll, beforeAll, expect, it } from "vitest";
import { down } from "../../cli/verbs/down.ts";
import { rehearse } from "../../cli/verbs/rehearse.ts";
import { up } from "../../cli/verbs/up.ts";
import { rollback } from "../../components/model/rollback.ts";
import { canary } from "../../components/model/strategies/canary/canary.ts";
import { ClusterView } from "../../rehearsal/cluster/clusterView.ts";
import { embeddedCluster } from "../../rehearsal/local/localCluster.ts";
import type { RehearsalReport } from "../../rehearsal/report.ts";
import { local } from "../../stacks/environments/local.ts";
import { environments } from "../../stacks/project.ts";

const invocation = { signal: new AbortController().signal, json: true } as const;
let home: string;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "serin-rollback-guard-"));
  process.env.SERIN_HOME = home;
  const guards = [rollback({ metric: "http_4xx_rate", threshold: "5%", for: "10s", watch: "10m" })];
  const release = canary({ weights: [20, 100], bake: "0s" });
  Object.assign(environments, { local: { ...local, models: { fraud: { ...local.models.fraud, release, guards } } } });
  await up("local", { engine: "live" }, invocation);
});

afterAll(async () => {
  await down("local", { engine: "live" }, invocation);
  Object.assign(environments, { local });
  rmSync(home, { recursive: true, force: true });
  delete process.env.SERIN_HOME;
});

/** Requests that the server refuses, 30 a second, once all of the traffic is on the new version. */
async function refusedRequestsAtAllTraffic(ended: AbortSignal): Promise<void> {
  const { kubeconfig, embedded } = embeddedCluster("local");
  const view = new ClusterView(kubeconfig);
  while (!ended.aborted && (await view.canaryWeight("models", "fraud-release")) !== 100) await sleep(500);
  const { address, port } = embedded.gateway;
  while (!ended.aborted) {
    // A model that the server does not have.
    const response = await request(`http://${address}:${port}/v2/models/none`, {
      headers: { host: "fraud.models.local" },
    });
    await response.body.dump();
    await sleep(30);
  }
}

it("takes the traffic back after all of it is on the new version, which its objectives would have kept", {
  timeout: 420_000,
}, async () => {
  const ended = new AbortController();
  const refusing = refusedRequestsAtAllTraffic(ended.signal);
  const options = { to: "2", fault: "", timeout: "5m", report: join(home, "reports"), environment: "local" };
  const { result } = await rehearse("fraud", options, invocation);
  ended.abort();
  await refusing;
  const report = result as RehearsalReport;
  console.log(`${report.outcome} after ${report.durationMs} ms: ${report.reason}`);
  expect(report.steps.map(({ weight }) => weight)).toEqual([20, 100]);
  expect(report.outcome).toBe("rolledBack");
  expect(report.reason).toMatch(
    /^rollback-http-4xx-rate-5-10s: [\d,]+ of [\d,]+ requests were refused in the last 10s; the limit is 5%\.$/,
  );
  expect(report.samples.at(-1)).toMatchObject({ weight: 0 });
});
