import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { rollback } from "../../components/model/rollback.ts";
import { rollbackAlerts } from "../../components/model/rollbackGuard.ts";
import { context, sound } from "../components/model/fixtures.ts";
import { promtoolPath } from "./promtool.ts";

let promtool: string;
let directory: string;

beforeAll(async () => {
  promtool = await promtoolPath();
  directory = mkdtempSync(join(tmpdir(), "serin-rollback-alert-"));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** What the alert of "5 % over 2 minutes" says after ten minutes of this many failures among 100 requests a scrape. */
async function isFiring(metric: "http_5xx_rate" | "http_4xx_rate", failures: number, requests = 100): Promise<boolean> {
  const guards = [rollback({ metric, threshold: "5%", for: "2m" })];
  const rules = join(directory, "rules.json");
  writeFileSync(rules, JSON.stringify(rollbackAlerts({ ...sound, guards }, context)));
  const series = (pod: string, code: string, step: number) => ({
    series: `istio_requests_total{reporter="destination",destination_workload_namespace="models",pod="${pod}",response_code="${code}"}`,
    values: `0+${step}x40`,
  });
  const code = metric === "http_5xx_rate" ? "503" : "400";
  const tests = join(directory, "tests.json");
  writeFileSync(
    tests,
    JSON.stringify({
      rule_files: [rules],
      evaluation_interval: "15s",
      tests: [
        {
          interval: "15s",
          input_series: [
            series("fraud-5f7d9c-aaaaa", "200", requests - failures),
            series("fraud-5f7d9c-aaaaa", code, failures),
            // Another model whose name begins so, all of whose requests fail.
            series("fraud-eu-5f7d9c-aaaaa", code, 100),
          ],
          alert_rule_test: [
            {
              eval_time: "10m",
              alertname: "ModelNeedsRollback",
              exp_alerts: [],
            },
          ],
        },
      ],
    }),
  );
  try {
    await promisify(execFile)(promtool, ["test", "rules", tests]);
    return false;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    if (/ModelNeedsRollback/.test(`${stdout}${stderr}`) && /got:/.test(`${stdout}${stderr}`)) return true;
    throw error;
  }
}

it("fires above its share, and not below, by Prometheus' own rule tests", async () => {
  expect(await isFiring("http_5xx_rate", 6)).toBe(true);
  expect(await isFiring("http_5xx_rate", 4)).toBe(false);
  expect(await isFiring("http_4xx_rate", 6)).toBe(true);
});

it("does not fire on fewer than five failures, whatever their share is", async () => {
  expect(await isFiring("http_5xx_rate", 0.4, 2)).toBe(false);
  expect(await isFiring("http_5xx_rate", 1, 2)).toBe(true);
});
