import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { policies } from "../../policies/registry.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const files = globSync("policies/*/{require,forbid,limit}*.ts", { cwd: root }).sort();

it("finds the policy files", () => {
  expect(files.length).toBeGreaterThanOrEqual(6);
});

it.each(files)("%s is in the pack under the name its path says, and nothing else is exported from it", async (file) => {
  const module: Record<string, unknown> = await import(`${root}${file}`);
  const policy = policies.find(({ name }) => name === nameOf(file));
  expect(policy).toBeDefined();
  expect(Object.entries(module)).toEqual([[basename(file, ".ts"), policy]]);
});

it.each(files)("%s has a specification", (file) => {
  expect(existsSync(`${root}test/${file.replace(/\.ts$/, ".test.ts")}`)).toBe(true);
});

it("has no policy without a file of its own", () => {
  expect(policies.map(({ name }) => name).sort()).toEqual(files.map(nameOf).sort());
});

it.each(policies.map((policy) => [policy.name, policy] as const))(
  "%s says how severe it is, what to do about it and where its facts come from",
  (_, policy) => {
    expect(policy.name).toMatch(/^[a-z]+-(?:require|forbid|limit)-[a-z-]+$/);
    expect(policy.displayName).toBeTruthy();
    expect(policy.description).toMatch(/\.$/);
    expect(policy.severity).toBeTruthy();
    expect(policy.remediationSteps).toMatch(/\.$/);
    expect(policy.url).toMatch(/^https:\/\//);
    expect(policy.enforcementLevel).toBeUndefined();
  },
);

it.each(policies.map(({ name, severity }) => [name, severity] as const))(
  "%s has its paragraph in the docs",
  (name, severity) => {
    expect(readFileSync(`${root}docs/policies.md`, "utf8")).toContain(`\n\`${name}\` (${severity}): `);
  },
);

/** `gpu/requireLimitsOnly.ts` → `gpu-require-limits-only`. */
function nameOf(file: string): string {
  const words = basename(file, ".ts").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `${basename(dirname(file))}-${words}`;
}
