import { describe, expect, it } from "vitest";
import { validateModel } from "../../../../../components/model/modelProblems.ts";
import { canary } from "../../../../../components/model/strategies/canary/canary.ts";
import { darkLaunch } from "../../../../../components/model/strategies/darkLaunch/darkLaunch.ts";
import type { CohortFlag } from "../../../../../components/model/strategies/phases/flags.ts";
import { strategyOf } from "../../../../../components/model/strategies/strategies.ts";
import { released, rolloutOf } from "./releases.ts";

const flagged = (flag: CohortFlag) => darkLaunch({ cohort: { header: "x-user-group", value: "testers", flag } });
const definitionsOf = (release: ReturnType<typeof darkLaunch>) => strategyOf(release).flags?.("fraud", release);

describe("the flag of a cohort", () => {
  it("has the header's value for its users and its percent of the others, and is empty for the rest", () => {
    expect(definitionsOf(flagged({ users: ["ann"], percent: 5 }))).toEqual({
      $schema: "https://flagd.dev/schema/v0/flags.json",
      flags: {
        "fraud-cohort": {
          state: "ENABLED",
          variants: { in: "testers", out: "" },
          defaultVariant: "out",
          targeting: {
            if: [
              { in: [{ var: "targetingKey" }, ["ann"]] },
              "in",
              {
                fractional: [{ cat: [{ var: "$flagd.flagKey" }, { var: "targetingKey" }] }, ["in", 5], ["out", 95]],
              },
            ],
          },
        },
      },
    });
  });

  it("is written only where one is declared", () => {
    expect(definitionsOf(darkLaunch())).toBeUndefined();
    const plain = canary();
    expect(strategyOf(plain).flags?.("fraud", plain)).toBeUndefined();
  });

  it("changes nothing of the Rollout, so that more users start no release", () => {
    expect(rolloutOf(flagged({ percent: 10 })).spec).toEqual(rolloutOf(flagged({ percent: 5 })).spec);
  });

  it("has the problems of its fields, by the path that was typed", () => {
    const paths = (flag: CohortFlag) => validateModel("fraud", released(flagged(flag))).map(({ path }) => path);
    expect(paths({ key: "Fraud", users: [""], percent: 0.5 })).toEqual([
      "release.cohort.flag.key",
      "release.cohort.flag.users[0]",
      "release.cohort.flag.percent",
    ]);
  });
});
