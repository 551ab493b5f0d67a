import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
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

it("has no link to a file that is not there", () => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const pages = globSync(["*.md", "docs/**/*.md", "examples/**/*.md"], { cwd: root, exclude: ["docs/api/**"] });
  expect(pages.length).toBeGreaterThan(50);
  const dead = pages.flatMap((page) =>
    [...readFileSync(join(root, page), "utf8").matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, link]) => link ?? "")
      .filter((link) => !existsSync(join(root, dirname(page), link)))
      .map((link) => `${page}: ${link}`),
  );
  expect(dead).toEqual([]);
});
