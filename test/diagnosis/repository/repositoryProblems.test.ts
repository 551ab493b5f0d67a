import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { defineModel } from "../../../components/model/model.ts";
import { canary } from "../../../components/model/strategies/canary/canary.ts";
import { triton } from "../../../components/model/triton.ts";
import { repositoryProblems } from "../../../diagnosis/repository/repositoryProblems.ts";

const sample = "stacks/models/repository/fraud/1";
const server = triton({ backend: "python" });
const model = {
  ...defineModel({
    server,
    repository: { modelStore: "fraud" },
    traffic: { expectedQps: { trough: 100, peak: 200 } },
    slo: { p99: "150ms", errorRate: "0.1%" },
    release: canary({ weights: [5, 100] }),
  }),
};
const here = { backends: ["python"], gpu: false };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serin-repository-"));
  cpSync(sample, folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function problems(
  of: Partial<typeof model> = {},
  abilities: Parameters<typeof repositoryProblems>[3] = here,
): string[] {
  return repositoryProblems("fraud", { ...model, ...of }, folder, abilities).map(
    ({ path, reason }) => `${path.replace(`${folder}/`, "").replace(folder, ".")}: ${reason}`,
  );
}

function change(file: string, from: string | RegExp, to: string): void {
  const path = join(folder, file);
  const text = readFileSync(path, "utf8");
  expect(text.replace(from, to)).not.toBe(text);
  writeFileSync(path, text.replace(from, to));
}

const config = "fraud/config.pbtxt";

it.each(["1", "2"])("finds nothing wrong with version %s of the sample", (version) => {
  expect(repositoryProblems("fraud", model, `stacks/models/repository/fraud/${version}`, here)).toEqual([]);
});

it("finds nothing wrong with the model of the example", () => {
  const own = "examples/own-model/stacks/models/repository/sentiment/1";
  expect(repositoryProblems("sentiment", model, own, here)).toEqual([]);
});

// What Triton 2.51 says of each stands in test/diagnosis/triton/, which a run of it has recorded.
describe("refuses, by the place in the file, what Triton would end with", () => {
  it.each<[string, string | RegExp, string, string]>([
    [
      "a type that is none",
      "TYPE_FP32, dims: [ -1 ]",
      "TYPE_FLOAT32, dims: [ -1 ]",
      ':5:27: data_type: "TYPE_FLOAT32" is not one of "TYPE_INVALID"',
    ],
    ["a field that is none", "max_batch_size", "max_batchsize", ':3:1: ModelConfig has no field "max_batchsize".'],
    ["a text that is none", "input [", "input [ {", ':5:3: expected the name of a field, got "{".'],
    [
      "another name",
      'backend: "python"',
      'name: "other" backend: "python"',
      ':2:7: name is "other", and the folder is "fraud".',
    ],
    [
      "another backend",
      '"python"',
      '"onnxruntime"',
      ':2:10: backend is "onnxruntime", and the model declares server: triton({ backend: "python" }).',
    ],
    ["a dimension of nothing", "dims: [ 1 ]", "dims: [ 0 ]", ':8:50: output "score" has a dimension 0.'],
    ["an output without a shape", ", dims: [ 1 ]", "", ':8:3: output "score" has no dims.'],
    [
      "an input without a type",
      "data_type: TYPE_FP32, dims: [ -1 ]",
      "dims: [ -1 ]",
      ':5:3: input "x" has no data_type.',
    ],
    [
      "instances on a GPU",
      "max_batch_size: 32",
      "max_batch_size: 32 instance_group [ { kind: KIND_GPU } ]",
      ":3:37: its instances are KIND_GPU, and the model's server declares no gpu.",
    ],
    [
      "batches above the largest",
      "dynamic_batching { }",
      "dynamic_batching { preferred_batch_size: [ 64 ] }",
      ":11:44: preferred_batch_size 64 is above max_batch_size 32.",
    ],
    [
      "a warm-up of another shape",
      "dims: [ 8 ]",
      "dims: [ 8, 2 ]",
      ':18:12: the warm-up of "x" has dims [8, 2], and the input has [-1].',
    ],
    [
      "a warm-up of another type",
      "value: { data_type: TYPE_FP32",
      "value: { data_type: TYPE_INT64",
      ':18:12: the warm-up of "x" is TYPE_INT64, and the input is TYPE_FP32.',
    ],
    ["a warm-up of no input", 'key: "x"', 'key: "y"', ':18:12: the model has no input "y".'],
    [
      "a number in quotes",
      "max_batch_size: 32",
      'max_batch_size: "32"',
      ':3:17: max_batch_size: "32" is not a whole number.',
    ],
    [
      "a field twice",
      "max_batch_size: 32",
      "max_batch_size: 32 max_batch_size: 8",
      ':3:20: "max_batch_size" is there already, and can be set once.',
    ],
    [
      "a value for a message",
      "dynamic_batching { }",
      "dynamic_batching: true",
      ':11:19: "dynamic_batching" is a message.',
    ],
    ["a message for a value", "max_batch_size: 32", "max_batch_size { }", ':3:16: "max_batch_size" is no message.'],
  ])("%s", (_, from, to, said) => {
    change(config, from, to);
    expect(problems().join("\n")).toContain(`${config}${said}`);
  });

  it("no configuration, unless the model makes its own", () => {
    rmSync(join(folder, config));
    expect(problems()).toEqual([
      `${config}: it does not exist, so Triton does not know what model "fraud" takes and answers.`,
    ]);
    change(
      "fraud/1/model.py",
      "class TritonPythonModel:",
      "class TritonPythonModel:\n    def auto_complete_config(config): return config\n",
    );
    expect(problems()).toEqual([]);
  });

  it("no file of the model, in the version that is served", () => {
    mkdirSync(join(folder, "fraud/7"));
    expect(problems()).toEqual(['fraud/7: it has no file "model.py", which the python backend loads.']);
    change(config, "max_batch_size", "version_policy { specific { versions: [ 1 ] } } max_batch_size");
    expect(problems()).toEqual([]);
  });

  it("no version, no model of this name, no folder", () => {
    rmSync(join(folder, "fraud/1"), { recursive: true });
    expect(problems()).toEqual(["fraud: it has no folder whose name is a number, which Triton takes for the version."]);
    cpSync(join(folder, "fraud"), join(folder, "scorer"), { recursive: true });
    rmSync(join(folder, "fraud"), { recursive: true });
    expect(problems()).toEqual([
      '.: it has no folder "fraud", which is the model that requests name; it has "scorer".',
    ]);
    rmSync(folder, { recursive: true });
    expect(problems()).toEqual(['.: it has no folder "fraud", which is the model that requests name.']);
  });

  it("a backend that the environment has not, which a cluster's image has", () => {
    change(config, '"python"', '"onnxruntime"');
    writeFileSync(join(folder, "fraud/1/model.onnx"), "");
    const onnx = { server: triton({ backend: "onnxruntime" }) };
    expect(problems(onnx)).toEqual([
      `${config}:2:10: backend "onnxruntime" is not here: the embedded environment has "python".`,
    ]);
    expect(problems(onnx, { gpu: true })).toEqual([]);
  });

  it("an old prediction_score.py with scores that can be negative, which ends Triton in the metrics", () => {
    const slo = { ...model.slo, predictionScore: { mean: 0, tolerance: 0.1, min: -1, max: 1 } };
    expect(problems({ slo })).toEqual([]);
    writeFileSync(join(folder, "fraud/1/prediction_score.py"), "a\n        self.sum.increment(float(scores.sum()))\n");
    expect(problems({ slo })).toEqual([
      "fraud/1/prediction_score.py:2: scores go down to -1, and a batch with a sum below 0 would end Triton.",
    ]);
    expect(problems({ slo: { ...slo, predictionScore: { ...slo.predictionScore, mean: 0.5, min: 0 } } })).toEqual([]);
  });
});

it("looks at every model of an ensemble, and asks no backend of the ensemble itself", () => {
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  cpSync(join(folder, "fraud"), join(folder, "scorer"), { recursive: true });
  rmSync(join(folder, "fraud"), { recursive: true });
  mkdirSync(join(folder, "fraud/1"), { recursive: true });
  write(
    config,
    `platform: "ensemble" max_batch_size: 32
     input { name: "x" data_type: TYPE_FP32 dims: -1 } output { name: "y" data_type: TYPE_FP32 dims: 1 }
     ensemble_scheduling { step { model_name: "scorer" model_version: -1 input_map { key: "x" value: "x" } } }`,
  );
  expect(problems()).toEqual([]);
  change("scorer/config.pbtxt", "TYPE_FP32", "TYPE_F32");
  expect(problems()).toEqual([
    expect.stringMatching(/^scorer\/config.pbtxt:5:27: data_type: "TYPE_F32" is not one of/),
  ]);
});
