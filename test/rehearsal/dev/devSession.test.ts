import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeSessionFolder, type SessionFolder } from "../../../embedded/dev/sessionFolder.ts";
import { diagnosed } from "../../../rehearsal/cluster/modelPlace.ts";
import { DevSession, type DevSessionArgs } from "../../../rehearsal/dev/devSession.ts";
import { declaredEnvironment, declaredModel } from "../../../stacks/declared.ts";
import { type FakeModel, fakeTriton } from "./fakeTriton.fixture.ts";

const environment = declaredEnvironment("local");
const model = declaredModel(environment, "fraud");
const config = 'backend: "python"\ninput [{ name: "x", data_type: TYPE_FP32, dims: [ 2 ] }]\n';

let home: string;
let folder: SessionFolder;
let session: DevSession;
const source = () => join(home, "edited");

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "serin-dev-session-"));
  write("fraud/config.pbtxt", config);
  await begin();
});
afterEach(async () => {
  await session.stop();
  rmSync(home, { recursive: true });
});

async function begin(args: Partial<DevSessionArgs> = {}): Promise<void> {
  folder = await makeSessionFolder(home);
  session = new DevSession({
    name: "fraud",
    model,
    declared: diagnosed(environment, "fraud", model),
    tool: fakeTriton(home),
    folder,
    requests: 10,
    signal: new AbortController().signal,
    ...args,
  });
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(source(), path)), { recursive: true });
  writeFileSync(join(source(), path), text);
}

/** Saves a model that does this, and serves it. */
function save(does: FakeModel, path = "fraud/1/model.py") {
  write(path, JSON.stringify(does));
  return session.serve(source());
}

/** Which save answers callers, who name no version. */
async function answering(): Promise<string | undefined> {
  const response = await fetch(session.url, { method: "POST", body: "{}" });
  return ((await response.json()) as { model_version?: string }).model_version;
}

describe("a save", () => {
  it("that is the first is served, with nothing to compare it with", async () => {
    expect(await save({ answer: 1 })).toMatchObject({
      number: 1,
      outcome: "serves",
      serving: 1,
      requests: { sent: 10, failed: 0 },
    });
    expect(await answering()).toBe("1");
  });

  it("is compared with the last one that answered", async () => {
    await save({ answer: 1 });
    expect(await save({ answer: 1.25 })).toMatchObject({
      outcome: "serves",
      against: 1,
      serving: 2,
      comparison: { compared: 10, differing: 10, outputs: [{ name: "score", differing: 10, maxDifference: 0.25 }] },
    });
    expect(await save({ answer: 1.25 })).toMatchObject({ against: 2, comparison: { differing: 0 } });
    expect(await answering()).toBe("3");
  });

  it("that does not load says why, and the last one goes on answering", async () => {
    await save({ answer: 1 });
    const report = await save({ load: "SyntaxError: invalid syntax (model.py, line 1)" });
    expect(report).toMatchObject({ outcome: "doesNotLoad", serving: 1, findings: [{ rule: "python-syntax" }] });
    expect(await answering()).toBe("1");
    expect(await save({ answer: 2 })).toMatchObject({ number: 3, against: 1, serving: 3 });
  });

  it("that does not load for a reason that no rule knows shows what Triton said", async () => {
    const report = await save({ load: "the moon is full" });
    expect(report).toMatchObject({ outcome: "doesNotLoad", findings: [{ rule: "unknown" }] });
    expect(report.findings?.[0]?.evidence.join()).toContain("the moon is full");
    expect(report.serving).toBeUndefined();
  });

  it("whose files show that it cannot load is not given to Triton", async () => {
    await save({ answer: 1 });
    rmSync(join(source(), "fraud/1/model.py"));
    const report = await session.serve(source());
    expect(report).toMatchObject({ outcome: "refused", serving: 1 });
    expect(report.problems?.[0]?.reason).toContain('no file "model.py"');
  });

  it("that fails every request gives way to the last one", async () => {
    await save({ answer: 1 });
    expect(await save({ refuses: "no score today" })).toMatchObject({
      outcome: "fails",
      serving: 1,
      requests: { sent: 10, failed: 10, firstFailure: "no score today" },
    });
    expect(await answering()).toBe("1");
  });

  it("that takes the server down gives way to the last one, at the same address", async () => {
    await save({ answer: 1 });
    const url = session.url;
    const report = await save({ dies: true });
    expect(report).toMatchObject({ outcome: "fails", tookDown: true, serving: 1 });
    expect(report.requests?.firstFailure).toContain("Triton ended");
    expect(session.url).toBe(url);
    expect(await answering()).toBe("1");
  });

  it("with another configuration takes the place of the last one, and is compared with what that answered", async () => {
    await save({ answer: 1 });
    write("fraud/config.pbtxt", `${config}max_batch_size: 4\n`);
    expect(await save({ answer: 3 })).toMatchObject({
      serving: 2,
      against: 1,
      comparison: { compared: 10, outputs: [{ maxDifference: 2 }] },
    });
  });

  it("that takes other inputs is not compared, since the same requests do not fit both", async () => {
    await save({ answer: 1 });
    const report = await save({ answer: 1, input: "y" });
    expect(report.notCompared).toContain("other inputs");
    expect(report.comparison).toBeUndefined();
  });
});

it("requests of a file are sent as they are", async () => {
  await session.stop();
  await begin({ bodies: ['{"inputs":[]}', '{"inputs":[]}'] });
  expect(await save({ answer: 1 })).toMatchObject({ requests: { sent: 2 } });
});

it("a server that died is started again with the last save, and it is said how it ended", async () => {
  await save({ answer: 1, dies: true, input: "x" });
  await save({ answer: 1 });
  const crashed = session.crashed();
  await fetch(session.url.replace(/v2.*/, "die"), { method: "POST" }).catch(() => undefined);
  await crashed;
  expect(await session.restart()).toContain("6");
  expect(await answering()).toBe("2");
});

it("nothing is left of a session that was stopped, twice is once", async () => {
  await save({ answer: 1 });
  await session.stop();
  await session.stop();
  expect(existsSync(folder.path)).toBe(false);
  await expect(fetch(session.url)).rejects.toThrow();
});
