import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { triton } from "../../../components/model/triton.ts";
import { parseFaults } from "../../../embedded/faults/fault.ts";
import { makePrivateRepository } from "../../../embedded/faults/privateRepository.ts";
import { backendsFor, standIn, standInBackends, standInText } from "../../../embedded/standIn/standIn.ts";

const samples = join(import.meta.dirname, "../../../stacks/models/repository");
let folder: string;
let source: string;
let target: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serin-stand-in-"));
  [source, target] = [join(folder, "source"), join(folder, "target")];
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(source, path)), { recursive: true });
  writeFileSync(join(source, path), text);
}

describe("a repository that Triton here", () => {
  it("can load as it is stays what it is, with a GPU and without", async () => {
    cpSync(join(samples, "fraud/1"), source, { recursive: true });
    for (const gpu of [true, false]) {
      expect(await standIn(source, target, gpu)).toEqual({ repository: source, backends: [] });
    }
  });

  it("has no ONNX backend for gets a model.py that runs the model's own file, and keeps its configuration", async () => {
    cpSync(join(samples, "resnet50/1"), source, { recursive: true });
    expect(await standIn(source, target, false)).toEqual({ repository: target, backends: ["onnxruntime"] });
    expect(readdirSync(join(target, "resnet50/1")).sort()).toEqual(["model.onnx", "model.py"]);
    expect(realpathSync(join(target, "resnet50/config.pbtxt"))).toBe(join(source, "resnet50/config.pbtxt"));
    expect(readdirSync(join(source, "resnet50/1"))).toEqual(["model.onnx"]);
  });

  it("has no backend for gets made-up answers where the pod has a GPU, and none where it has not", async () => {
    write("detector/config.pbtxt", 'backend: "tensorrt" max_batch_size: 8');
    write("detector/1/model.plan", "");
    expect(await standIn(source, target, false)).toEqual({ repository: source, backends: [] });
    expect(await standIn(source, target, true)).toEqual({ repository: target, backends: ["tensorrt"] });
    expect(readFileSync(join(target, "detector/1/model.py"), "utf8")).toContain("made up");
  });

  it("would ask for a GPU asks for a CPU, without the numbers of GPUs", async () => {
    const config = `backend: "python" # KIND_GPU
instance_group [ { count: 2, kind: KIND_GPU, gpus: [ 0, 1 ] }, { kind: KIND_GPU gpus: 0 } ]
parameters { key: "colour" value: { string_value: "#fff" } }
`;
    write("detector/config.pbtxt", config);
    write("detector/1/model.py", "");
    expect(await standIn(source, target, false)).toEqual({ repository: source, backends: [] });
    await standIn(source, target, true);
    const written = readFileSync(join(target, "detector/config.pbtxt"), "utf8");
    expect(written).not.toMatch(/KIND_GPU|gpus/);
    expect(written.match(/KIND_CPU/g)).toHaveLength(2);
    expect(written).toContain('"#fff"');
    expect(realpathSync(join(target, "detector/1/model.py"))).toBe(join(source, "detector/1/model.py"));
    expect(readFileSync(join(source, "detector/config.pbtxt"), "utf8")).toBe(config);
  });

  it.each([
    ["backend", 'name: "m", backend : "onnxruntime"', "model.onnx", ["onnxruntime"]],
    ["platform", 'platform: "tensorrt_plan"', "model.plan", ["tensorrt"]],
    ["comment beside the platform", '# backend: "fil"\nplatform: "pytorch_libtorch"', "model.pt", ["pytorch"]],
    ["file alone", undefined, "model.onnx", ["onnxruntime"]],
    ["ensemble", 'platform: "ensemble"', "empty", []],
  ])("names its backend by %s", async (_, config, file, backends) => {
    if (config !== undefined) write("m/config.pbtxt", config);
    write(`m/1/${file}`, "");
    expect((await standIn(source, target, true)).backends).toEqual(backends);
  });
});

it("faults are put in front of a stand-in as in front of a Python model", async () => {
  const { repository } = await standIn(join(samples, "resnet50/1"), target, true);
  const copy = join(folder, "copy");
  expect(await makePrivateRepository(repository, copy, parseFaults("errors=1%"))).toEqual([]);
  expect(readFileSync(join(copy, "resnet50/1/served_model.py"), "utf8")).toContain("ONNX");
});

it("Triton's backends are its own and one program for each that is stood in for", async () => {
  mkdirSync(join(source, "python"), { recursive: true });
  await standInBackends(source, ["onnxruntime"], target);
  await standInBackends(source, ["tensorrt", "tensorrt"], target);
  expect(readdirSync(target).sort()).toEqual(["python", "tensorrt"]);
  expect(existsSync(join(target, "tensorrt/model.py"))).toBe(true);
});

describe("what is said of a model", () => {
  const gpu = { kind: "L4", count: 1 } as const;

  it("is nothing where it runs as on a cluster", () => {
    expect(standInText(triton({ backend: "python" }))).toBeUndefined();
    expect(standInText(triton({ backend: "tensorrt" }))).toBeUndefined();
  });

  it("is what runs it, and what its latency says", () => {
    expect(standInText(triton({ backend: "onnxruntime" }))).toBe(
      "ONNX Runtime 1.19.2 runs it on the CPU, by a Python model.",
    );
    expect(standInText(triton({ backend: "onnxruntime", gpu }))).toBe(
      "ONNX Runtime 1.19.2 runs it on the CPU, by a Python model; its GPU is simulated, so its latency says nothing of one.",
    );
    expect(standInText(triton({ backend: "python", gpu }))).toBe(
      "Runs on the CPU; its GPU is simulated, so its latency says nothing of one.",
    );
    expect(standInText(triton({ backend: "tensorrt", gpu }))).toBe(
      "A stand-in answers for tensorrt, with made-up numbers of the names, types and shapes in config.pbtxt; its GPU is simulated, so its latency says nothing of one.",
    );
  });

  it("goes with what can be loaded", () => {
    expect(backendsFor(triton({ backend: "tensorrt" }))).toEqual(["python", "onnxruntime"]);
    expect(backendsFor(triton({ backend: "tensorrt", gpu }))).toEqual(["python", "onnxruntime", "tensorrt"]);
  });
});
