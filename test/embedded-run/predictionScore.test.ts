import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ensureTools } from "../../embedded/toolchain/index.ts";
import { modelStore } from "./podRuns.ts";
import { type SoloTriton, soloTriton } from "./soloTriton.ts";

const repository = mkdtempSync(join(tmpdir(), "serin-scores-"));
let triton: SoloTriton;

/** Answers its input, which is the score; 1000 as a text that is no number, 2000 as no number, 3000 as a huge one. */
const model = `
import triton_python_backend_utils as pb_utils
from prediction_score import PredictionScore

ODD = {1000: "high", 2000: float("nan"), 3000: 1e300}

class TritonPythonModel:
    def initialize(self, args):
        self.prediction_score = PredictionScore(args, edges=[-0.5, 0, 0.5])

    def execute(self, requests):
        tensors = [pb_utils.get_input_tensor_by_name(request, "x").as_numpy() for request in requests]
        self.prediction_score.observe([ODD.get(x, x) for tensor in tensors for x in tensor.ravel().tolist()])
        return [pb_utils.InferenceResponse([pb_utils.Tensor("score", tensor)]) for tensor in tensors]
`;

beforeAll(async () => {
  const { triton: tool } = await ensureTools();
  mkdirSync(join(repository, "signed/1"), { recursive: true });
  cpSync(join(modelStore, "fraud/2/fraud/2/prediction_score.py"), join(repository, "signed/1/prediction_score.py"));
  writeFileSync(join(repository, "signed/1/model.py"), model);
  writeFileSync(
    join(repository, "signed/config.pbtxt"),
    `backend: "python" max_batch_size: 0
     input { name: "x" data_type: TYPE_FP64 dims: -1 } output { name: "score" data_type: TYPE_FP64 dims: -1 }`,
  );
  triton = await soloTriton(tool, repository);
});
afterAll(async () => {
  await triton?.stop();
  rmSync(repository, { recursive: true, force: true });
});

async function predict(...scores: number[]): Promise<number> {
  const inputs = [{ name: "x", datatype: "FP64", shape: [scores.length], data: scores }];
  const answer = await fetch(`${triton.http}/v2/models/signed/infer`, {
    method: "POST",
    body: JSON.stringify({ inputs }),
  });
  return answer.status;
}

/** The values of the score's metrics by their name after the prefix, buckets by their edge. */
async function counted(): Promise<Record<string, number>> {
  const lines = (await triton.metrics()).matchAll(/^model_prediction_score_(\w+)\{(.*)\} (\S+)$/gm);
  return Object.fromEntries(
    [...lines].map(([, name = "", labels = "", value]) => [/le="([^"]*)"/.exec(labels)?.[1] ?? name, Number(value)]),
  );
}

it("scores below 0 are counted by themselves, and the server goes on", async () => {
  expect(await predict(-0.75, -0.25)).toBe(200);
  expect(await predict(0.25, -1, 0)).toBe(200);
  expect(await predict(0)).toBe(200);
  expect(await counted()).toEqual({
    count: 6,
    sum: 0.25,
    negative_sum: 2,
    sumsq: 1.6875,
    "-0.5": 2,
    "0": 5,
    "0.5": 6,
    "+Inf": 6,
  });
});

it("a score that cannot be counted fails no request, and spoils no counter", async () => {
  const before = await counted();
  for (const odd of [1000, 2000, 3000]) expect(await predict(odd)).toBe(200);
  expect(await counted()).toEqual(before);
  expect(await predict(0.5)).toBe(200);
  expect((await counted()).count).toBe(7);
});
