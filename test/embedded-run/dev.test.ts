import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { DevRun } from "./devRuns.ts";
import { eventually, kill } from "./environmentRuns.ts";

let run: DevRun;

beforeAll(async () => {
  run = new DevRun(["--requests", "50"]);
  await run.says(/url\s+http:/);
});
afterAll(() => run.dispose());

it("serves what is in the folder, and says what the model answers with", async () => {
  expect(run.said).toMatch(/Save 1 answers/);
  expect(run.said).toMatch(/score\s+mean 0\.\d+/);
  expect(await run.infer()).toMatchObject({ status: 200, save: "1" });
});

it("serves a save within seconds, and says how its answers differ from those of the last one", async () => {
  const since = run.said.length;
  const before = await run.infer();
  run.save((text) => text.replace("-2.34", "-2.00"));
  const text = await run.says(/Save 2 answers[\s\S]*score {5}/, since);
  expect(text).toMatch(/50 of 50 differ from those of save 1: score in 50, by\s+0\.\d+/);
  expect(text).toMatch(/p50 [\d.]+ → [\d.]+ ms, p99 [\d.]+ → [\d.]+ ms/);
  expect(text).toMatch(/mean 0\.\d+ → 0\.\d+/);
  const after = await run.infer();
  expect(after).toMatchObject({ status: 200, save: "2" });
  expect(after.score).toBeGreaterThan(before.score);
});

it("says in Triton's words why a save does not load, while the last one goes on answering", async () => {
  const since = run.said.length;
  run.save((text) => `${text}\ndef broken(:\n`);
  const text = await run.says(/Save 3 does not load[\s\S]*next/, since);
  expect(text).toContain("Save 2 goes on answering.");
  expect(text).toMatch(/model\.py does not compile: SyntaxError/);
  expect(text).toMatch(/failed to load 'fraud' version 3/);
  expect(text).toContain("Correct that line.");
  expect(await run.infer()).toMatchObject({ status: 200, save: "2" });
});

it("refuses a save whose files show that it cannot load, before Triton hangs with it", async () => {
  const since = run.said.length;
  rmSync(join(run.folder, "fraud/1/model.py"));
  const text = await run.says(/Save 4 is not loaded[\s\S]*\n\n/, since);
  expect(text).toContain('it has no file "model.py"');
  expect(await run.infer()).toMatchObject({ status: 200, save: "2" });
});

it("goes back to the last save where a new one fails every request", async () => {
  const since = run.said.length;
  // The warm-up of zeros passes.
  writeFileSync(
    join(run.folder, "fraud/1/model.py"),
    `import numpy as np
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def execute(self, requests):
        xs = [pb_utils.get_input_tensor_by_name(request, "x").as_numpy() for request in requests]
        if any(x.any() for x in xs):
            raise ValueError("no score today")
        scores = [np.zeros((x.shape[0], 1), dtype=np.float32) for x in xs]
        return [pb_utils.InferenceResponse([pb_utils.Tensor("score", score)]) for score in scores]
`,
  );
  const text = await run.says(/Save 5 loads and answers no request[\s\S]*\n\n/, since);
  expect(text).toMatch(/50 of 50 requests;[\s\S]*no\s+score\s+today/);
  await eventually(async () => expect(await run.infer()).toMatchObject({ status: 200, save: "2" }));
});

it("starts Triton again at the same port with the last save, after it has died", async () => {
  const since = run.said.length;
  kill(run.triton());
  await run.says(/Triton ended[\s\S]*It runs again/, since);
  expect(await run.infer()).toMatchObject({ status: 200, save: "2" });
});

it("leaves no process, shared memory or temporary folder after Ctrl-C, and ends well", async () => {
  const triton = run.triton();
  expect(await run.interrupt()).toBe(0);
  expect(() => process.kill(triton, 0)).toThrow();
  expect(run.left()).toEqual([]);
});
