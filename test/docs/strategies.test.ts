import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { abTest } from "../../components/model/strategies/abTest/abTest.ts";
import { blueGreen } from "../../components/model/strategies/blueGreen/blueGreen.ts";
import { darkLaunch } from "../../components/model/strategies/darkLaunch/darkLaunch.ts";
import { shadow } from "../../components/model/strategies/shadow/shadow.ts";
import { strategies } from "../../components/model/strategies/strategies.ts";

const page = readFileSync("docs/strategies.md", "utf8");

it("the page has a row and a section for every strategy", () => {
  const rows = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, kind]) => kind);
  expect([...rows].sort()).toEqual(Object.keys(strategies).sort());
  const sections = [...page.matchAll(/^## (\w+)$/gm)].map(([, kind]) => kind);
  expect([...sections].sort()).toEqual(Object.keys(strategies).sort());
});

describe("the section of a strategy", () => {
  const sectionOf = (kind: string) => page.split(/^## /m).find((section) => section.startsWith(`${kind}\n`)) ?? "";
  const metric = { successes: "a_total", trials: "b_total" };
  // What every strategy has is on the page of verdicts.
  const common = ["kind", "metricsOutage", "confidence", "bake"];

  it.each([
    ["darkLaunch", darkLaunch()],
    ["shadow", shadow()],
    ["blueGreen", blueGreen({ previewPods: 1 })],
    ["abTest", abTest({ metric })],
  ])("names every option of %s", (kind, release) => {
    const section = sectionOf(kind);
    // A cohort of one pod, 10 minutes and 20 requests are said in words.
    const options = Object.keys(release).filter((option) => !common.includes(option));
    expect(options.filter((option) => !section.includes(option) && !page.includes(`\`${option}\``))).toEqual([]);
  });
});
