import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Problem, ProblemError } from "../../components/core/problem.ts";
import { type Artifact, dataVersionFile } from "../../components/model/artifact.ts";

const chunkBytes = 1 << 20;

/**
 * The digest of a version's folder, as `digestCommand` prints it: sha256 over the sorted lines of `sha256sum` of all
 * files. Links are followed.
 * @throws ProblemError if a file's name has a backslash or a line break, which `sha256sum` escapes; Error of `node:fs`
 * if a file cannot be read
 */
export function artifactDigest(folder: string): `sha256:${string}` {
  const lines = filesBelow(folder, ".").map((path) => Buffer.from(`${sha256(join(folder, path))}  ${path}\n`));
  const hash = createHash("sha256");
  for (const line of lines.sort(Buffer.compare)) hash.update(line);
  return `sha256:${hash.digest("hex")}`;
}

/** The version of the data that a version's folder names. Undefined: it has no such file. */
export function dataVersionOf(folder: string): string | undefined {
  const file = join(folder, dataVersionFile);
  return existsSync(file) ? readFileSync(file, "utf8").split("\n")[0] : undefined;
}

/** What is wrong with the files of a version, as its pods would say it; by the path below the artifact. */
export function differences({ digest, data }: Artifact, folder: string): Problem[] {
  const found = artifactDigest(folder);
  const foundData = dataVersionOf(folder);
  const fix = `Declare what this prints, or bring the right files: npx serin model digest ${folder}`;
  return [
    ...(data === undefined || data === foundData
      ? []
      : [
          {
            path: "data",
            reason:
              foundData === undefined
                ? `declared is "${data}", and ${folder} has no file ${dataVersionFile}.`
                : `declared is "${data}", and ${join(folder, dataVersionFile)} says "${foundData}".`,
            fix,
          },
        ]),
    ...(digest === found
      ? []
      : [{ path: "digest", reason: `declared is ${digest}, and the files in ${folder} have ${found}.`, fix }]),
  ];
}

function filesBelow(folder: string, path: string): string[] {
  return readdirSync(join(folder, path)).flatMap((name) => {
    const below = `${path}/${name}`;
    if (/[\\\n\r]/.test(name)) {
      throw new ProblemError("A version cannot have this file", [
        {
          path: join(folder, below),
          reason: "its name has a backslash or a line break, which sha256sum writes in its own way.",
          fix: "Give it another name.",
        },
      ]);
    }
    const found = statSync(join(folder, below), { throwIfNoEntry: false });
    if (found?.isDirectory()) return filesBelow(folder, below);
    return found?.isFile() ? [below] : [];
  });
}

/** In pieces: a model's weights may be larger than what Node reads at once (2 GiB). */
function sha256(path: string): string {
  const hash = createHash("sha256");
  const buffer = Buffer.alloc(chunkBytes);
  const file = openSync(path, "r");
  try {
    for (;;) {
      const length = readSync(file, buffer);
      if (length === 0) return hash.digest("hex");
      hash.update(buffer.subarray(0, length));
    }
  } finally {
    closeSync(file);
  }
}
