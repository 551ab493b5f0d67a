import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { sampleRepository } from "../../rehearsal/local/localCluster.ts";
import { type DeclaredInputs, declaredInputs, readRequests, requestProblems } from "../../rehearsal/requestFile.ts";
import { local } from "../../stacks/environments/local.ts";

const folder = mkdtempSync(join(tmpdir(), "serin-requests-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(text: string): string {
  const path = join(folder, "requests.jsonl");
  writeFileSync(path, text);
  return path;
}

const body = (input: object = {}) => ({
  inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], data: [0.5, 1], ...input }],
});
const lines = (...bodies: object[]) => bodies.map((one) => JSON.stringify(one)).join("\n");
const payments: DeclaredInputs = {
  maxBatch: 32,
  inputs: [{ name: "x", datatype: "FP32", dims: [-1], optional: false }],
};
const problemsOf = (one: object, declared = payments) =>
  requestProblems("r.jsonl", readRequests(file(JSON.stringify(one))).bodies, declared).map(
    ({ path, reason }) => `${path}: ${reason}`,
  );

it("reads a body a line, and skips empty lines", () => {
  const { bodies, problems } = readRequests(file(`${lines(body(), body())}\n\n${lines(body())}\n`));
  expect(problems).toEqual([]);
  expect(bodies.map(({ line }) => line)).toEqual([1, 2, 4]);
});

it("reads a file that is one body over several lines", () => {
  const { bodies } = readRequests(file(JSON.stringify(body(), undefined, 2)));
  expect(bodies).toHaveLength(1);
});

it("names each line that is no JSON object, and a file that is missing or empty", () => {
  expect(readRequests(file(`${lines(body())}\n{"inputs":\n[1]`)).problems.map(({ path }) => path)).toEqual([
    `${join(folder, "requests.jsonl")}:2`,
    `${join(folder, "requests.jsonl")}:3`,
  ]);
  expect(readRequests(join(folder, "none")).problems[0]?.reason).toContain("cannot be read");
  expect(readRequests(file(" \n")).problems[0]?.reason).toContain("has no request");
});

it("takes what the model declares", () => {
  expect(problemsOf(body())).toEqual([]);
  expect(problemsOf(body({ shape: [2, 1], data: [[0.5], [1]] }))).toEqual([]);
});

it.each([
  ["another name", { name: "y" }, '"y" is not one of "x"'],
  ["another type", { datatype: "INT64" }, '"INT64" is not "FP32"'],
  ["another number of dimensions", { shape: [2] }, "[2] is not [batch, any]"],
  ["a batch that is too large", { shape: [33, 1], data: Array(33).fill(0) }, "above max_batch_size 32"],
  ["fewer values than the shape", { shape: [1, 3] }, "it has 2 values, and the shape 3"],
  ["values of another type", { data: [0.5, "1"] }, '"1" is no FP32'],
  ["no values", { data: undefined }, "inputs[0].data: it is no list"],
])("refuses %s before anything starts", (_, input, reason) => {
  expect(problemsOf(body(input)).join("\n")).toContain(reason);
});

it("refuses a body without an input that the model needs", () => {
  expect(problemsOf({ inputs: [] })).toEqual(['r.jsonl:1 inputs: it has no input "x".']);
  expect(problemsOf({})).toHaveLength(1);
  const optional = { ...payments, inputs: [{ name: "x", datatype: "FP32", dims: [-1], optional: true }] };
  expect(problemsOf({ inputs: [] }, optional)).toEqual([]);
});

it("checks the number of values where the configuration leaves the inputs open", () => {
  expect(problemsOf(body({ name: "any" }), { maxBatch: 0, inputs: [] })).toEqual([]);
  expect(problemsOf(body({ data: [1] }), { maxBatch: 0, inputs: [] })).toHaveLength(1);
});

it("tells ten problems of a file, not thousands", () => {
  const { bodies } = readRequests(file(lines(...Array.from({ length: 50 }, () => body({ name: "y" })))));
  expect(requestProblems("r.jsonl", bodies, payments)).toHaveLength(10);
});

it("reads what the sample takes from its configuration", () => {
  expect(declaredInputs("fraud", local.models.fraud, sampleRepository)).toEqual(payments);
  expect(declaredInputs("none", local.models.fraud, sampleRepository)).toBeUndefined();
});
