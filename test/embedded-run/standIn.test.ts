import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseFaults } from "../../embedded/faults/fault.ts";
import { makePrivateRepository } from "../../embedded/faults/privateRepository.ts";
import { standIn, standInBackends } from "../../embedded/standIn/standIn.ts";
import { ensureTools, type Tools } from "../../embedded/toolchain/index.ts";
import { modelStore } from "./podRuns.ts";
import { type SoloTriton, soloTriton } from "./soloTriton.ts";

const folder = mkdtempSync(join(tmpdir(), "serin-stand-in-"));
let tools: Tools;
let triton: SoloTriton;

/** A Triton on this repository, with what stands in for the backends that it has not; `faults` as a rehearsal's. */
async function serve(source: string, faults = ""): Promise<SoloTriton> {
  const target = mkdtempSync(join(folder, "run-"));
  const { repository, backends } = await standIn(source, join(target, "stand-ins"), true);
  await makePrivateRepository(repository, join(target, "repository"), parseFaults(faults));
  const directory = await standInBackends(tools.triton.backends, backends, join(target, "backends"));
  return soloTriton({ ...tools.triton, backends: directory }, join(target, "repository"));
}

async function post(model: string, inputs: object[]) {
  const answer = await fetch(`${triton.http}/v2/models/${model}/infer`, {
    method: "POST",
    body: JSON.stringify({ inputs }),
  });
  const body = (await answer.json()) as {
    error?: string;
    outputs?: { name: string; shape: number[]; data: unknown[] }[];
  };
  return { status: answer.status, ...body };
}

const image = (value: number) => ({
  name: "input",
  datatype: "FP32",
  shape: [1, 3, 224, 224],
  data: Array.from({ length: 3 * 224 * 224 }, (_, index) => value * Math.sin(index)),
});

beforeAll(async () => {
  tools = await ensureTools();
  const source = join(folder, "source");
  cpSync(join(modelStore, "resnet50/1"), source, { recursive: true });
  // Without a configuration, as ONNX models may be.
  cpSync(join(source, "resnet50/1"), join(source, "bare/1"), { recursive: true });
  mkdirSync(join(source, "detector/1"), { recursive: true });
  writeFileSync(join(source, "detector/1/model.plan"), "");
  writeFileSync(
    join(source, "detector/config.pbtxt"),
    `backend: "tensorrt" max_batch_size: 8
     input { name: "input" data_type: TYPE_FP32 dims: [ 3, 224, 224 ] }
     output [ { name: "boxes" data_type: TYPE_FP32 dims: [ -1, 4 ] }, { name: "labels" data_type: TYPE_STRING dims: 2 } ]
     instance_group { kind: KIND_GPU gpus: [ 0 ] }`,
  );
  triton = await serve(source);
});
afterAll(async () => {
  await triton?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("an ONNX model", () => {
  it("answers what its own file computes, alone and in a batch with others", async () => {
    const values = [0, 1, 2, 3, 4, 5];
    const alone: unknown[][] = [];
    for (const value of values) {
      const { status, outputs } = await post("resnet50", [image(value)]);
      expect(status).toBe(200);
      expect(outputs).toMatchObject([{ name: "output", shape: [1, 1000] }]);
      alone.push(outputs?.[0]?.data ?? []);
    }
    expect(alone[0]?.every((score) => score === 0)).toBe(true);
    // The network has no bias: twice the image is twice the score.
    expect(alone[2]?.[7]).toBeCloseTo(2 * Number(alone[1]?.[7]), 4);
    const together = await Promise.all(values.map((value) => post("resnet50", [image(value)])));
    for (const [index, { outputs }] of together.entries()) {
      expect(Number(outputs?.[0]?.data[7])).toBeCloseTo(Number(alone[index]?.[7]), 4);
    }
  });

  it("without a configuration takes names, types and shapes from its file", async () => {
    const metadata = await (await fetch(`${triton.http}/v2/models/bare`)).json();
    expect(metadata).toMatchObject({
      inputs: [{ name: "input", datatype: "FP32", shape: [-1, 3, 224, 224] }],
      outputs: [{ name: "output", datatype: "FP32", shape: [-1, 1000] }],
    });
  });

  it("refuses a configuration that does not fit its file", async () => {
    const source = join(folder, "wrong");
    cpSync(join(modelStore, "resnet50/1"), source, { recursive: true });
    writeFileSync(
      join(source, "resnet50/config.pbtxt"),
      `backend: "onnxruntime" max_batch_size: 8
       input { name: "image" data_type: TYPE_FP32 dims: [ 3, 224, 224 ] }
       output { name: "output" data_type: TYPE_FP32 dims: [ 1000 ] }`,
    );
    await expect(serve(source)).rejects.toThrow("unexpected inference input 'image', allowed inputs are: input");
  });

  it("has the faults of a rehearsal", async () => {
    const faulty = await serve(join(modelStore, "resnet50/2"), "errors=50%");
    const healthy = triton;
    try {
      triton = faulty;
      const statuses = [];
      for (let n = 0; n < 4; n += 1) statuses.push((await post("resnet50", [image(1)])).status);
      expect(statuses).toEqual([200, 500, 200, 500]);
    } finally {
      triton = healthy;
      await faulty.stop();
    }
  });
});

describe("a stand-in for a backend that is not there", () => {
  it("answers the declared names, types and shapes, the same for the same input", async () => {
    const first = await post("detector", [image(1)]);
    expect(first).toMatchObject({
      status: 200,
      outputs: [
        { name: "boxes", shape: [1, 1, 4] },
        { name: "labels", shape: [1, 2] },
      ],
    });
    expect((await post("detector", [image(1)])).outputs).toEqual(first.outputs);
    expect((await post("detector", [image(2)])).outputs).not.toEqual(first.outputs);
  });
});
