import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { exitCodes } from "../../components/core/problem.ts";

const file = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

it("shows the model as it is declared", () => {
  const shown = /```ts\n\/\/ stacks\/models\/fraud\.ts\n([\s\S]*?)```/.exec(file("README.md"))?.[1];
  expect(shown).toBeDefined();
  expect(file("stacks/models/fraud.ts")).toContain(shown);
});

it("lists every exit code", () => {
  const listed = [...file("docs/cli.md").matchAll(/^\| (\d+) +\|/gm)].map(([, code]) => Number(code));
  expect(listed).toEqual(Object.values(exitCodes).sort((a, b) => a - b));
});
