import { expect, it } from "vitest";
import { guardMetrics } from "../../../../components/model/analysis/metrics.ts";
import { saturationGuards } from "../../../../components/model/analysis/saturation.ts";
import { validateModel } from "../../../../components/model/modelProblems.ts";
import { context, sound } from "../fixtures.ts";
import { guarded } from "./declaredTemplates.ts";

const names = (model: typeof guarded) => saturationGuards(model, context).map(({ name }) => name);

it("only what is declared is watched, and on GPUs the errors that a version causes", () => {
  expect(names(sound)).toEqual([]);
  expect(names({ ...guarded, slo: sound.slo })).toEqual(["gpu-errors"]);
  expect(names(guarded)).toEqual(["gpu-utilization", "gpu-memory", "queue-time", "gpu-errors"]);
});

it("is in percent of the exporter and microseconds of Triton", () => {
  const [utilization, memory, queue] = saturationGuards(guarded, context).map(({ query }) => query);
  expect(utilization).toContain("> bool 95)");
  expect(memory).toContain("> bool 90)");
  expect(queue).toContain("> bool 20000)");
});

it("every span of the guard is in whole seconds, as PromQL takes it, whatever the time between two scrapes is", () => {
  for (const scrapeInterval of ["1500ms", "30300ms", "0.7m"] as const) {
    const at = { ...context, scrapeInterval };
    const metrics = [...saturationGuards(guarded, at), ...guardMetrics(guarded, sound.release, at)];
    for (const { name, query } of metrics) {
      const spans = [...query.matchAll(/\[([\d.]+[smh][^\]]*)\]|offset ([\d.]+\w)/g)].map(
        ([, range, offset]) => range ?? offset,
      );
      expect(spans.length, name).toBeGreaterThan(0);
      for (const span of spans) expect(span, name).toMatch(/^\d+[smh](:\d+s)?$/);
    }
  }
});

it("bounds of GPUs are for models that have one", () => {
  expect(validateModel("fraud", guarded)).toEqual([]);
  const slo = { ...sound.slo, saturation: { gpuMemory: "90%", queueTime: "1h" } } as const;
  expect(validateModel("fraud", { ...sound, slo })).toMatchObject([
    { path: "slo.saturation.gpuMemory", reason: "the model has no GPU." },
    { path: "slo.saturation.queueTime" },
  ]);
});
