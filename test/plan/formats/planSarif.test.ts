import { expect, it } from "vitest";
import { planSarif } from "../../../plan/formats/planSarif.ts";
import { finding, reportOf, urn } from "./formatted.ts";

interface Result {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: string;
  readonly kind?: string;
  readonly message: { readonly text: string };
  readonly suppressions?: readonly { readonly kind: string; readonly justification: string }[];
  readonly locations: readonly [
    {
      readonly physicalLocation: {
        readonly artifactLocation: { readonly uri: string };
        readonly region: { readonly startLine: number };
      };
    },
  ];
  readonly partialFingerprints: Readonly<Record<string, string>>;
}

function runOf(report = reportOf()) {
  const log = JSON.parse(planSarif(report));
  expect(Object.keys(log)).toEqual(["$schema", "version", "runs"]);
  expect(log.version).toBe("2.1.0");
  return log.runs[0] as {
    readonly tool: { readonly driver: { readonly name: string; readonly rules: readonly { readonly id: string }[] } };
    readonly results: readonly Result[];
  };
}

it("has what every reader of SARIF needs: rules by index, a message, a file and a line from 1", () => {
  const { tool, results } = runOf();
  expect(tool.driver.name).toBe("serin");
  for (const { ruleId, ruleIndex, level, message, locations } of results) {
    expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
    expect(["none", "warning", "error"]).toContain(level);
    expect(message.text).not.toBe("");
    const { artifactLocation, region } = locations[0].physicalLocation;
    expect(artifactLocation.uri).toBe("stacks/environments/dev.ts");
    expect(region.startLine).toBeGreaterThanOrEqual(1);
  }
});

it("tells violations, advice, undetermined and exempted apart, and says which exemptions are to be looked at", () => {
  const said = runOf().results.map(({ ruleId, level, kind, suppressions }) => [
    ruleId,
    level,
    kind ?? "fail",
    suppressions?.[0]?.justification ?? "",
  ]);
  expect(said).toEqual([
    ["image-require-digest", "error", "fail", ""],
    ["image-require-digest", "warning", "fail", ""],
    ["image-require-digest", "none", "open", ""],
    ["image-require-digest", "error", "fail", "until 2027-03-31, payments, OPS-7: the vendor signs from April on"],
    ["exemption", "warning", "fail", ""],
    ["exemption", "error", "fail", ""],
  ]);
});

it("knows a finding again that has moved to another line, and no other", () => {
  const print = (change: Parameters<typeof finding>[0], line: number) => {
    const report = { ...reportOf([finding(change)]), declaredAt: () => ({ file: "a b.ts", line }) };
    return runOf(report).results[0]?.partialFingerprints["serinFinding/v1"];
  };
  expect(print({}, 1)).toBe(print({}, 2));
  expect(print({}, 1)).not.toBe(print({ urn: urn("toxic") }, 1));
});
