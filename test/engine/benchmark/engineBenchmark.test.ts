import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exitCodes } from "../../../components/core/problem.ts";
import { weigh } from "../../benchmarks/engineBenchmark.ts";

const script = fileURLToPath(new URL("../../benchmarks/engine.ts", import.meta.url));
const provider = (cluster: string) => `urn:pulumi:dev-platform::serin::pulumi:providers:kubernetes::${cluster}::0a1b`;
const definition = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition";

const resources = [
  { urn: "urn:a", type: definition, provider: provider("one"), inputs: { a: "1234567890" }, outputs: { b: 1 } },
  { urn: "urn:b", type: definition, provider: provider("two"), inputs: { a: "1" }, outputs: {} },
  { urn: "urn:c", type: definition, provider: provider("one"), inputs: { a: "1" }, outputs: {} },
  { urn: "urn:d", type: "serin:platform:Prometheus", inputs: {} },
  {
    urn: "urn:e",
    type: "pulumi:pulumi:StackReference",
    provider: "urn:pulumi:dev-platform::serin::pulumi:providers:pulumi::default::0a1b",
  },
];

/** Stands for the CLI: it works for a moment at `up`, and has one state. */
const fakeCli = `#!${process.execPath}
const [verb, what] = process.argv.slice(2);
if (verb === "version") console.log("v3.260.0");
else if (verb === "up" && process.argv.includes("dev-broken")) process.exit(255);
else if (verb === "up") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
else if (verb === "stack" && what === "export") console.log(JSON.stringify({ deployment: ${JSON.stringify({ resources })} }));
else process.exit(1);
`;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "serin-engine-benchmark-"));
  await writeFile(join(directory, "pulumi"), fakeCli);
  await chmod(join(directory, "pulumi"), 0o755);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const run = (path: string, stack: string) =>
  execa(process.execPath, [script, stack], { reject: false, env: { PATH: path } });

describe("the benchmark of the engine", () => {
  it("weighs a state by cluster and kind, the heaviest first", () => {
    const kind = "apiextensions.k8s.io/v1:CustomResourceDefinition";
    expect(weigh(resources)).toEqual([
      { cluster: "one", kind, count: 2, inputBytes: 27, bytes: 36 },
      { cluster: "two", kind, count: 1, inputBytes: 9, bytes: 11 },
      { cluster: "", kind: "serin:platform:Prometheus", count: 1, inputBytes: 2, bytes: 2 },
      { cluster: "", kind: "pulumi:pulumi:StackReference", count: 1, inputBytes: 0, bytes: 0 },
    ]);
  });

  it("measures an up, the same again, and the state, with the targets of as many clusters beside them", async () => {
    const { stdout, exitCode } = await run(`${directory}${delimiter}${dirname(process.execPath)}`, "dev-platform");
    expect(exitCode).toBe(exitCodes.ok);
    expect(stdout).toMatch(/^first +0\.\d +120 +\d+\.\d +\d+/m);
    expect(stdout).toMatch(/^unchanged +0\.\d +40 +\d+\.\d +[1-9]\d* +1600/m);
    expect(stdout).toMatch(/^State: 0\.00 MB$/m);
    expect(stdout).toMatch(/^one +apiextensions.k8s.io\/v1:CustomResourceDefinition +2/m);
  });

  it("says in a sentence that there is no CLI, and does not end as if it had measured", async () => {
    const { stdout, stderr, exitCode } = await run(dirname(process.execPath), "dev-platform");
    expect(exitCode).toBe(exitCodes.unavailable);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/pulumi: it is not on PATH, so nothing was measured\./);
  });

  it("ends as incomplete where the engine fails", async () => {
    const { stderr, exitCode } = await run(`${directory}${delimiter}${dirname(process.execPath)}`, "dev-broken");
    expect(exitCode).toBe(exitCodes.incomplete);
    expect(stderr).toContain("dev-broken: pulumi up --stack dev-broken");
  });
});
