import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { declaredAt, formatted, planFormats } from "../../cli/planFormats.ts";
import { dev } from "../../stacks/environments/dev.ts";
import { reportOf } from "../plan/formats/formatted.ts";
import { textOf } from "../plan/memoryPlan.ts";

it.each(planFormats.filter((format) => format !== "mermaid"))(
  "says as %s what is found and what is exempted",
  async (format) => {
    const text = await textOf(formatted(reportOf(), format));
    for (const said of ["image-require-digest", "no digest.", "OPS-7", "2027-03-31"]) expect(text).toContain(said);
    expect(text.endsWith("\n")).toBe(true);
  },
);

it("finds the file of an environment by its name, else where it is registered", () => {
  const folder = mkdtempSync(join(tmpdir(), "serin-project-"));
  const urn = "urn:pulumi:dev-models::serin::kubernetes:core/v1:Pod::dc-lab-fraud";
  try {
    expect(declaredAt(dev, folder)(urn)).toEqual({ file: "stacks/environments/index.ts", line: 1 });
    mkdirSync(join(folder, "stacks", "environments"), { recursive: true });
    writeFileSync(
      join(folder, "stacks", "environments", "dev.ts"),
      '\nconst dev = { name: "dev",\n models: { fraud } };',
    );
    expect(declaredAt(dev, folder)(urn)).toEqual({ file: "stacks/environments/dev.ts", line: 3 });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it.each(["text", "json", "markdown", "sarif", "junit"] as const)(
  "says as %s that the cost is above the budget",
  async (format) => {
    const report = reportOf([]);
    const { cost } = report.plan;
    const budget = { perMonth: 900, counts: "most", status: "over" } as const;
    const plan = { ...report.plan, exemptions: [], cost: { ...cost, month: { least: 800, most: 1_000 }, budget } };
    const text = await textOf(formatted({ ...report, plan }, format));
    expect(text).toMatch(/900/);
    expect(text).toMatch(/budget/);
  },
);
