import { existsSync, statSync } from "node:fs";
import { ProblemError } from "../../components/core/problem.ts";
import { artifactDigest, dataVersionOf } from "../../rehearsal/local/artifactDigest.ts";
import type { Answer } from "../run.ts";

/** `serin model digest`: what `artifact` of a model says of this version. */
export async function modelDigest(folder: string): Promise<Answer> {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new ProblemError("There is no digest", [
      {
        path: "folder",
        reason: `${folder} is no folder.`,
        fix: "Give the folder of one version, which has the folders of its models: <store>/fraud/2.",
      },
    ]);
  }
  const data = dataVersionOf(folder);
  const artifact = { digest: artifactDigest(folder), ...(data === undefined ? {} : { data }) };
  const fields = Object.entries(artifact).map(([key, value]) => `${key}: "${value}"`);
  return { result: artifact, text: `artifact: { ${fields.join(", ")} }` };
}
