import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { sampleRepository } from "../../../rehearsal/local/localCluster.ts";
import { embeddedStoreProblems, storedVersionProblems } from "../../../rehearsal/local/modelStore.ts";
import { local } from "../../../stacks/environments/local.ts";

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
