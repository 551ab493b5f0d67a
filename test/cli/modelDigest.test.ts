import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { modelDigest } from "../../cli/verbs/modelDigest.ts";

let store: string;

beforeEach(() => {
  store = mkdtempSync(join(tmpdir(), "serin-digest-"));
});
afterEach(() => rmSync(store, { recursive: true }));

function write(...files: string[]): void {
  for (const file of files) {
    mkdirSync(dirname(join(store, file)), { recursive: true });
    writeFileSync(join(store, file), file);
  }
}

describe("the folder that a digest is taken of", () => {
  it.each([
    ["with a configuration", ["fraud/1/fraud/config.pbtxt", "fraud/1/fraud/1/model.py"]],
    ["without one, as Triton allows for ONNX", ["fraud/1/fraud/1/model.onnx"]],
    ["of an ensemble", ["fraud/1/fraud/config.pbtxt", "fraud/1/scale/config.pbtxt", "fraud/1/scale/1/model.py"]],
    ["that is laid out in a way unknown here", ["fraud/1/engine/model.plan"]],
  ])("is that of a version, %s", async (_title, files) => {
    write(...files);
    const { text } = await modelDigest(join(store, "fraud/1"));
    expect(text).toMatch(/^artifact: \{ digest: "sha256:[0-9a-f]{64}" \}$/);
  });

  it("is not that of all versions, whose digest no pod would find", async () => {
    write("fraud/1/fraud/config.pbtxt", "fraud/2/fraud/1/model.onnx");
    await expect(modelDigest(join(store, "fraud"))).rejects.toThrow(
      `has versions in it: 1, 2. Give one of them, for example ${join(store, "fraud/2")}.`,
    );
  });

  it("is not the folder that Triton calls a model", async () => {
    write("fraud/1/fraud/config.pbtxt", "fraud/1/fraud/1/model.py");
    await expect(modelDigest(join(store, "fraud/1/fraud"))).rejects.toThrow(`Give ${join(store, "fraud/1")}.`);
  });
});
