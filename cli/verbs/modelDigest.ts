import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Problem, ProblemError, rejectProblems } from "../../components/core/problem.ts";
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
  rejectProblems("There is no digest", placeProblems(folder));
  const data = dataVersionOf(folder);
  const artifact = { digest: artifactDigest(folder), ...(data === undefined ? {} : { data }) };
  const fields = Object.entries(artifact).map(([key, value]) => `${key}: "${value}"`);
  return { result: artifact, text: `artifact: { ${fields.join(", ")} }` };
}

/** The folder above a version, or below it, has a digest too: one that no pod would find. */
function placeProblems(folder: string): Problem[] {
  const path = "folder";
  if (existsSync(join(folder, "config.pbtxt"))) {
    const reason = `${folder} is what Triton calls a model, and a version of ours is the folder around it.`;
    return [{ path, reason, fix: `Give ${dirname(resolve(folder))}.` }];
  }
  const inside = foldersIn(folder);
  if (inside.some((name) => isTritonModel(join(folder, name)))) return [];
  const versions = inside.filter((name) =>
    foldersIn(join(folder, name)).some((model) => isTritonModel(join(folder, name, model))),
  );
  return versions.length === 0
    ? []
    : [
        {
          path,
          reason: `${folder} has versions in it: ${versions.join(", ")}.`,
          fix: `Give one of them, for example ${join(folder, versions.at(-1) ?? "")}.`,
        },
      ];
}

/** Has a configuration, or versions as Triton numbers them. */
function isTritonModel(folder: string): boolean {
  return existsSync(join(folder, "config.pbtxt")) || foldersIn(folder).some((name) => /^\d+$/.test(name));
}

function foldersIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory() === true)
    .sort();
}
