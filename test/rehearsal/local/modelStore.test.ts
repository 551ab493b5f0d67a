import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { artifactDigest } from "../../../rehearsal/local/artifactDigest.ts";
import { sampleRepository } from "../../../rehearsal/local/localCluster.ts";
import { embeddedStoreProblems, storedVersionProblems } from "../../../rehearsal/local/modelStore.ts";
import { local } from "../../../stacks/environments/local.ts";
import { prod } from "../../../stacks/environments/prod.ts";

let folder: string;
const fraud = local.models.fraud;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "serin-store-"));
  for (const version of ["1", "2"]) mkdirSync(join(folder, "fraud", version), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("finds every declared version of local in the project's own repository", () => {
  expect(embeddedStoreProblems(local.models, sampleRepository)).toEqual([]);
});

it("finds the files of prod's fraud as they are declared", () => {
  expect(storedVersionProblems("fraud", prod.models.fraud, sampleRepository, "version")).toEqual([]);
});

it("names the versions there are, at the place where the version was typed", () => {
  expect(storedVersionProblems("fraud", { ...fraud, version: "3" }, folder, "--to")).toEqual([
    { path: "--to", reason: '"3" is not one of "1", "2".' },
  ]);
});

it("refuses a claim that nobody prepares, a folder that is not there, and a bucket that cannot be", () => {
  const problem = (repository: Parameters<typeof storedVersionProblems>[1]["repository"]) =>
    storedVersionProblems("fraud", { ...fraud, repository }, folder, "--to")[0]?.reason;
  expect(problem({ pvc: "models" })).toContain('"models" is not one of "model-store"');
  expect(problem({ pvc: "model-store", path: "fraud-eu" })).toContain("fraud-eu does not exist in the model store.");
  expect(problem({ s3: "s3://models/fraud", region: "us-east-1" })).toBe(
    "the embedded environment has no object store.",
  );
});

it("refuses files that Triton would not load, before anything starts", () => {
  cpSync(join(sampleRepository, "fraud/1"), join(folder, "fraud/1"), { recursive: true });
  rmSync(join(folder, "fraud/1/fraud/1/model.py"));
  expect(storedVersionProblems("fraud", fraud, folder, "--to")).toEqual([
    expect.objectContaining({ reason: 'it has no file "model.py", which the python backend loads.' }),
  ]);
});

it("refuses files that are others than declared, and says what is found, before anything starts", () => {
  const problems = (artifact: NonNullable<(typeof declared)["artifact"]>) =>
    storedVersionProblems("fraud", { ...declared, artifact }, folder, "--to");
  const declared: Parameters<typeof storedVersionProblems>[1] = { ...fraud, version: "2" };
  const version = join(folder, "fraud/2");
  cpSync(join(sampleRepository, "fraud/2"), version, { recursive: true });
  writeFileSync(join(version, "data-version"), "2026-11-01\n");
  const digest = artifactDigest(version);
  expect(problems({ digest, data: "2026-11-01" })).toEqual([]);
  const other = `sha256:${"0".repeat(64)}` as const;
  expect(problems({ digest: other, data: "2026-12-01" }).map(({ path, reason }) => `${path}: ${reason}`)).toEqual([
    `models.fraud.artifact.data: declared is "2026-12-01", and ${version}/data-version says "2026-11-01".`,
    `models.fraud.artifact.digest: declared is ${other}, and the files in ${version} have ${digest}.`,
  ]);
});
