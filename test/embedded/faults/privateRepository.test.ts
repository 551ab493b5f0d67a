import { cp, lstat, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readModelConfig } from "../../../diagnosis/repository/modelConfig.ts";
import { parseFaults } from "../../../embedded/faults/fault.ts";
import { makePrivateRepository } from "../../../embedded/faults/privateRepository.ts";

const samples = join(import.meta.dirname, "../../../stacks/models/repository/fraud/1");
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serin-repository-"));
});

afterEach(() => rm(folder, { recursive: true }));

const contents = async (directory: string): Promise<string[]> => (await readdir(directory)).sort();

describe("a pod's private model repository", () => {
  it("has a link to every file of the store, and none to a folder that Python writes into", async () => {
    const target = join(folder, "repository");
    expect(await makePrivateRepository(samples, target, [])).toEqual([]);
    expect(await contents(join(target, "fraud/1"))).toEqual(["model.py", "prediction_score.py"]);
    expect((await lstat(join(target, "fraud/1"))).isSymbolicLink()).toBe(false);
    expect(await realpath(join(target, "fraud/1/model.py"))).toBe(join(samples, "fraud/1/model.py"));
    expect(await realpath(join(target, "fraud/config.pbtxt"))).toBe(join(samples, "fraud/config.pbtxt"));
  });

  it("has a wrapper with the faults in front of the model, and the store stays unchanged", async () => {
    const store = join(folder, "store");
    await cp(samples, store, { recursive: true });
    const before = await readFile(join(store, "fraud/1/model.py"), "utf8");
    const filesBefore = await contents(join(store, "fraud/1"));
    const target = join(folder, "repository");
    const faults = parseFaults("errors=1%,latency=+200ms,score=+0.1,crash");
    expect(await makePrivateRepository(store, target, faults)).toEqual([]);
    const settings = JSON.parse(await readFile(join(target, "fraud/1/faults.json"), "utf8"));
    expect(settings).toEqual({ model: "served_model.py", share: 0.01, addedMs: 200, shift: 0.1, afterRequests: 50 });
    expect(await realpath(join(target, "fraud/1/served_model.py"))).toBe(join(store, "fraud/1/model.py"));
    expect(await readFile(join(target, "fraud/1/model.py"), "utf8")).not.toBe(before);
    expect(await readFile(join(store, "fraud/1/model.py"), "utf8")).toBe(before);
    expect(await contents(join(store, "fraud/1"))).toEqual(filesBefore);
  });

  it("has a configuration that Triton refuses, or a file that Python refuses, and the store stays unchanged", async () => {
    const target = join(folder, "repository");
    const config = await readFile(join(samples, "fraud/config.pbtxt"), "utf8");
    expect(await makePrivateRepository(samples, target, parseFaults("bad-config"))).toEqual([]);
    const bad = await readFile(join(target, "fraud/config.pbtxt"), "utf8");
    expect(readModelConfig(bad).problems[0]?.reason).toContain('has no field "max_batchsize"');
    expect(await readFile(join(samples, "fraud/config.pbtxt"), "utf8")).toBe(config);
    expect(await contents(join(target, "fraud/1"))).toEqual(["model.py", "prediction_score.py"]);
    expect(await makePrivateRepository(samples, target, parseFaults("syntax-error"))).toEqual([]);
    expect(await readFile(join(target, "fraud/1/model.py"), "utf8")).toContain("class TritonPythonModel\n");
  });

  it("has the times of faults that begin later", async () => {
    const target = join(folder, "repository");
    await makePrivateRepository(samples, target, parseFaults("errors=1%@90s,latency=+200ms"));
    const settings = JSON.parse(await readFile(join(target, "fraud/1/faults.json"), "utf8"));
    expect(settings).toEqual({ model: "served_model.py", share: 0.01, addedMs: 200, from: { share: 90 } });
  });

  it("has no fault of those that others carry out", async () => {
    const target = join(folder, "repository");
    const faults = parseFaults("no-gpu,pod-kill=30s,prometheus-outage=30s,slow-start=5s");
    expect(await makePrivateRepository(samples, target, faults)).toEqual([]);
    expect(await contents(join(target, "fraud/1"))).toEqual(["model.py", "prediction_score.py"]);
  });

  it("replaces the repository of an earlier start of the pod", async () => {
    const target = join(folder, "repository");
    await makePrivateRepository(samples, target, parseFaults("crash"));
    await makePrivateRepository(samples, target, []);
    expect(await contents(join(target, "fraud/1"))).toEqual(["model.py", "prediction_score.py"]);
  });

  it("is refused if no model can have the fault", async () => {
    const store = join(folder, "store");
    await mkdir(join(store, "resnet50/1"), { recursive: true });
    await writeFile(join(store, "resnet50/1/model.onnx"), "");
    const [problem] = await makePrivateRepository(store, join(folder, "repository"), parseFaults("errors=1%"));
    expect(problem?.reason).toContain('"errors=1%" needs a model of the Python backend');
    expect(await makePrivateRepository(store, join(folder, "repository"), parseFaults("slow-start=5s"))).toEqual([]);
  });
});
