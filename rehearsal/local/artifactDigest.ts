import { createHash } from "node:crypto";
import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { ProblemError } from "../../components/core/problem.ts";

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
