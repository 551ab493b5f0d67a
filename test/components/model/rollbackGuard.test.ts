import { describe, expect, it } from "vitest";
import { guardMetrics } from "../../../components/model/analysis/metrics.ts";
import { validateModel } from "../../../components/model/modelProblems.ts";
import { type Rollback, rollback } from "../../../components/model/rollback.ts";
import { rollbackAlerts, watched, watchSeconds } from "../../../components/model/rollbackGuard.ts";
import { context, sound } from "./fixtures.ts";

const errors = rollback({ metric: "http_5xx_rate", threshold: "5%", for: "2m", watch: "1h" });
const guarded = { ...sound, guards: [errors] };
const strategy = { canary: { steps: [{ setWeight: 5 }, { setWeight: 100 }] } };

describe("a rollback guard", () => {
  it("is a metric of the release's guard, beside the objectives", () => {
    const names = guardMetrics(guarded, sound.release, context).map(({ name }) => name);
    expect(names).toContain("rollback-http-5xx-rate-5-2m");
    expect(names.slice(0, -1)).toEqual(guardMetrics(sound, sound.release, context).map(({ name }) => name));
  });

  it("counts what the analyses count as failed, over its own span, and waits for five failures", () => {
    const query = guardMetrics(guarded, sound.release, context).at(-1)?.query ?? "";
    expect(query).toContain('response_code=~"5.."');
    expect(query).toContain("grpc_response_status=~");
    expect(query).toContain('reporter="source"');
    expect(query).toContain("fraud-{{args.canary-hash}}-.+");
    expect(query).toContain("[2m]))");
    expect(query).toContain("> bool 0.05) * (");
    expect(query).toContain(">= bool 5))");
  });

  it("writes its span as PromQL takes it, without a decimal point", () => {
    const spans = (["1.5m", "0.5h", "90s"] as const).map((span) => {
      const metric = guardMetrics({ ...sound, guards: [{ ...errors, for: span }] }, sound.release, context).at(-1);
      return [metric?.name, /\[\w[^\]]*\]/.exec(metric?.query ?? "")?.[0]];
    });
    expect(spans).toEqual([
      ["rollback-http-5xx-rate-5-90s", "[90s]"],
      ["rollback-http-5xx-rate-5-30m", "[30m]"],
      ["rollback-http-5xx-rate-5-90s", "[90s]"],
    ]);
  });

  it("holds the release at its last step as long as it watches, with the pods of both versions", () => {
    expect(watched(strategy, guarded)).toEqual({
      canary: { steps: [{ setWeight: 5 }, { setWeight: 100 }, { pause: { duration: 3600 } }] },
    });
    const longer = {
      ...guarded,
      guards: [errors, rollback({ metric: "http_4xx_rate", threshold: "20%", watch: "2h" })],
    };
    expect(watchSeconds(longer)).toBe(7200);
  });

  it("adds no step where the pods of the version before are not to be kept", () => {
    const freed = { ...guarded, guards: [rollback({ metric: "http_5xx_rate", threshold: "5%", to: "previous" })] };
    expect(watched(strategy, freed)).toEqual(strategy);
    expect(guardMetrics(freed, sound.release, context).at(-1)?.name).toBe("rollback-http-5xx-rate-5-2m");
  });

  it("leaves a model without guards as it was", () => {
    expect(rollbackAlerts(sound, context)).toBeUndefined();
    expect(watched(strategy, sound)).toBe(strategy);
  });

  it("alerts on all pods of the model and names the command that goes back", () => {
    const named = { ...guarded, guards: [{ ...errors, stableVersion: "0" }] };
    const alert = rollbackAlerts(named, context)?.groups?.[0]?.rules?.[0];
    const expr = String(alert?.expr);
    expect(alert?.alert).toBe("ModelNeedsRollback");
    expect(expr).toContain('pod=~"fraud-[a-z0-9]+-[a-z0-9]+"');
    expect(expr).not.toContain("{{");
    expect(expr).toMatch(/ == 1$/);
    expect(alert?.annotations?.description).toContain("npx serin release rollback fraud --to 0 --reason");
  });
});

describe("a rollback guard that could not work is refused", () => {
  it.each<[string, Partial<Rollback>, string]>([
    ["a share above 99 %", { threshold: "100%" }, "guards[0].threshold"],
    ["a share of nothing", { threshold: "0%" }, "guards[0].threshold"],
    ["a span shorter than some scrapes", { for: "5s" }, "guards[0].for"],
    ["a watch of days", { watch: "48h" }, "guards[0].watch"],
    ["the declared version as the one to go back to", { stableVersion: "1" }, "guards[0].stableVersion"],
    ["an unknown metric", { metric: "http_rate" as never }, "guards[0].metric"],
    ["an unknown target", { to: "green" as never }, "guards[0].to"],
  ])("%s", (_, change, path) => {
    const problems = validateModel("fraud", { ...sound, guards: [{ ...errors, ...change }] });
    expect(problems.map((problem) => problem.path)).toEqual([path]);
  });

  it("one that is declared twice, since the names of an analysis' metrics differ", () => {
    const previous: Rollback = { ...errors, for: "120s", to: "previous" };
    const problems = validateModel("fraud", { ...sound, guards: [errors, { ...errors, for: "3m" }, previous] });
    expect(problems.map(({ path }) => path)).toEqual(["guards[2]"]);
  });

  it("and one that works is not", () => {
    expect(validateModel("fraud", guarded)).toEqual([]);
  });
});
