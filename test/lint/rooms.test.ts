import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const depcruise = join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");

let house: string;

beforeEach(() => {
  house = mkdtempSync(join(tmpdir(), "serin-rooms-"));
  for (const file of [".dependency-cruiser.mjs", "tsconfig.json"]) cpSync(join(root, file), join(house, file));
});

afterEach(() => rmSync(house, { recursive: true, force: true }));

/** What the rules of `npm run lint` say of a project with these files. */
function lint(files: Readonly<Record<string, string>>): { readonly status: number | null; readonly output: string } {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(house, name)), { recursive: true });
    writeFileSync(join(house, name), text);
  }
  const rooms = [...new Set(Object.keys(files).map((name) => name.split("/")[0] ?? ""))];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [depcruise, "--config", ".dependency-cruiser.mjs", ...rooms],
    { cwd: house, encoding: "utf8" },
  );
  return { status, output: `${stdout}${stderr}` };
}

describe("npm run lint", () => {
  it("accepts an arrow that goes down", () => {
    const { status, output } = lint({
      "cli/verb.ts": `import { plan } from "../plan/plan.ts";\nexport const verb = plan;\n`,
      "plan/plan.ts": "export const plan = 1;\n",
    });
    expect(output).toContain("no dependency violations found");
    expect(status).toBe(0);
  });

  it("refuses each arrow that goes up, and names its rule", () => {
    const arrows = [
      ["components/core/problem.ts", "components/model/model.ts", "components/core imports no other room"],
      ["components/model/triton.ts", "stacks/program.ts", "components imports only components/core"],
      ["stacks/contracts.ts", "plan/plan.ts", "stacks imports only components, components/core"],
      ["engine/engine.ts", "plan/plan.ts", "engine imports only"],
      ["plan/changes.ts", "cli/run.ts", "plan imports only"],
      ["policies/rule.ts", "stacks/program.ts", "policies imports only components/core"],
      ["embedded/launch.ts", "rehearsal/rehearsal.ts", "embedded imports only"],
    ] as const;
    const files = arrows.flatMap(([from, to]) => {
      const up = "../".repeat(from.split("/").length - 1);
      return [
        [from, `import type { Thing } from "${up}${to}";\nexport type Other = Thing;\n`],
        [to, "export type Thing = string;\n"],
      ];
    });
    const { status, output } = lint(Object.fromEntries(files));
    const refused = output.split("\n").filter((line) => line.includes(" → "));
    expect(refused).toHaveLength(arrows.length);
    for (const [from, to, rule] of arrows) {
      expect(refused.find((line) => line.includes(`${from} → ${to}`))).toContain(rule);
    }
    expect(status).not.toBe(0);
  });

  it("refuses two files that import each other, also when they import types alone", () => {
    const { status, output } = lint({
      "plan/a.ts": `import type { B } from "./b.ts";\nexport type A = B[];\n`,
      "plan/b.ts": `import type { A } from "./a.ts";\nexport type B = A | string;\n`,
    });
    expect(output).toContain("no circles");
    expect(status).not.toBe(0);
  });
});
