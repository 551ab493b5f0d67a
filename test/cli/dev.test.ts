import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type DevOptions, dev } from "../../cli/verbs/dev.ts";

const home = mkdtempSync(join(tmpdir(), "serin-dev-verb-"));
afterAll(() => rmSync(home, { recursive: true }));

/** What `serin dev` refuses, before anything is started. */
async function refusal(options: Partial<DevOptions>, { model = "fraud", json = false } = {}): Promise<string> {
  const started = dev(
    model,
    { environment: "local", requests: 200, ...options },
    { json, signal: AbortSignal.abort() },
  );
  return started.then(
    () => "",
    (error: Error) => error.message,
  );
}

function input(text: string): string {
  const file = join(home, "requests.jsonl");
  writeFileSync(file, text);
  return file;
}

describe("serin dev refuses, before anything is started,", () => {
  it("a model, a version and a folder that are not there", async () => {
    expect(await refusal({}, { model: "frud" })).toContain('"frud" is not one of "fraud"');
    expect(await refusal({ version: "7" })).toContain('--version: "7" is not one of "1", "2"');
    expect(await refusal({ folder: join(home, "none") })).toContain("--folder:");
  });

  it("a file of requests that is not there, is empty, or has lines that are none, by their numbers", async () => {
    expect(await refusal({ input: join(home, "none") })).toContain("cannot be read");
    expect(await refusal({ input: input("\n") })).toContain("has no request");
    const body = '{"inputs":[]}';
    const said = await refusal({ input: input(`${body}\n\nnull\n{"inputs":\n${body}\n`) });
    expect(said).toContain("requests.jsonl:3: it is no JSON object");
    expect(said).toContain("requests.jsonl:4: it is no JSON object");
    expect(said).not.toContain("requests.jsonl:5");
  });

  it("a release of the declared version, and of files that are not in the model store", async () => {
    expect(await refusal({ release: true })).toContain("there is nothing to release");
    expect(await refusal({ release: true, version: "2", folder: home })).toContain("reads the model store");
  });

  it("a document that would never end", async () => {
    expect(await refusal({}, { json: true })).toContain("Add --once.");
  });
});
