import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { waitingAlerts } from "../../components/model/waitingAlerts.ts";
import { context } from "../components/model/fixtures.ts";
import { promtoolPath } from "./promtool.ts";

const directory = mkdtempSync(join(tmpdir(), "serin-waiting-alerts-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it("fires when a step or a pause has taken longer than planned, and not before, by Prometheus' own rule tests", async () => {
  const steps = [
    { setWeight: 5 },
    { analysis: { templates: [{ templateName: "stage" }] } },
    { pause: { duration: 60 } },
  ];
  const rules = join(directory, "rules.json");
  writeFileSync(rules, JSON.stringify({ groups: [waitingAlerts(context, { canary: { steps } }, [1, 1_200, 60])] }));
  const tests = join(directory, "tests.json");
  const fires = (metric: string, labels: string, eval_time: string, exp_samples: readonly object[]) => ({
    interval: "15s",
    input_series: [{ series: `${metric}{namespace="models",${labels}}`, values: "1x200" }],
    promql_expr_test: [
      {
        expr: 'count(ALERTS{alertname="ModelReleaseWaits",alertstate="firing",model="fraud"})',
        eval_time,
        exp_samples,
      },
    ],
  });
  const [none, one] = [[], [{ labels: "{}", value: 1 }]];
  const step = ["analysis_run_info", 'name="fraud-5f7d9c-2-1",phase="Running"'] as const;
  const pause = ["rollout_info", 'name="fraud",phase="Paused"'] as const;
  writeFileSync(
    tests,
    JSON.stringify({
      rule_files: [rules],
      evaluation_interval: "15s",
      tests: [
        fires(...step, "19m", none),
        fires(...step, "21m", one),
        fires(...pause, "10m", none),
        fires(...pause, "12m", one),
      ],
    }),
  );
  expect(execFileSync(await promtoolPath(), ["test", "rules", tests], { encoding: "utf8" })).toContain("SUCCESS");
});
