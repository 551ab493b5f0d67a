import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { planRelease } from "../../cli/verbs/releasePlan.ts";

const page = new URL("../../docs/how-to/size-a-release.md", import.meta.url);

it("shows a plan as the command prints it, in 80 columns", async () => {
  const invocation = { json: false, signal: new AbortController().signal };
  const { text = "" } = await planRelease("resnet50", { environment: "prod", cluster: "dc-fra" }, invocation);
  const shown = /```text\n([\s\S]*?)\n```/.exec(readFileSync(page, "utf8"))?.[1];
  expect(shown).toBe(text);
  expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
});

it("plans on a cluster of the environment only, and counts a cost where a price is given", async () => {
  const invocation = { json: true, signal: new AbortController().signal };
  await expect(planRelease("resnet50", { environment: "prod", cluster: "dc-ber" }, invocation)).rejects.toThrow(
    /prod" has no such cluster[\s\S]*--cluster: "dc-ber"/,
  );
  const { result } = await planRelease("resnet50", { environment: "prod", gpuPrice: 2 }, invocation);
  const { surge, cost } = result as { surge: { gpuHours: number }; cost: number };
  expect(cost).toBeCloseTo(2 * surge.gpuHours, 9);
});

it("prices the GPU hours of a release by the cluster's pools, and says why it cannot", async () => {
  const invocation = { json: true, signal: new AbortController().signal };
  const on = (cluster: string) => planRelease("resnet50", { environment: "prod", cluster }, invocation);
  const { result, text } = await on("azure-weu");
  const { surge, surgeCost } = result as { surge: { gpuHours: number }; surgeCost: { least: number; most: number } };
  expect(surgeCost.most).toBeCloseTo(0.94 * surge.gpuHours, 9);
  expect(text).toContain(`They cost up to ${surgeCost.most.toFixed(2)} USD, at 0.94 USD for a GPU hour.`);
  expect((await on("aws-use1")).text).toContain("What they cost is not known: no spot price of g6.2xlarge");
});
