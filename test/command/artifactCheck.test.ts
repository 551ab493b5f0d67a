import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Artifact, artifactContainer } from "../../components/model/artifact.ts";
import { artifactDigest } from "../../rehearsal/local/artifactDigest.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serin-artifact-"));
  mkdirSync(join(folder, "fraud/1"), { recursive: true });
  writeFileSync(join(folder, "fraud/config.pbtxt"), 'backend: "python"\n');
  writeFileSync(join(folder, "fraud/1/model.py"), "weights = 1\n");
  writeFileSync(join(folder, "data-version"), "2026-11-01\n");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function check(artifact: Artifact, at = folder) {
  const { command, args } = artifactContainer(artifact, at, {});
  const [program = "", ...words] = [command, args].flat() as string[];
  const { status, stdout } = spawnSync(program, words, { encoding: "utf8" });
  return { status, said: stdout.trim() };
}

const other = `sha256:${"0".repeat(64)}` as const;

describe("the init container of a version with a declared artifact", () => {
  it("ends well where the files and the data version are those declared", () => {
    const digest = artifactDigest(folder);
    expect(check({ digest, data: "2026-11-01" })).toEqual({
      status: 0,
      said: `${folder} has the declared digest ${digest}`,
    });
  });

  it("refuses other files, and says both digests", () => {
    const digest = artifactDigest(folder);
    writeFileSync(join(folder, "fraud/1/model.py"), "weights = 2\n");
    expect(check({ digest })).toEqual({
      status: 65,
      said: `refused: declared is digest ${digest}, and the files in ${folder} have ${artifactDigest(folder)}.`,
    });
  });

  it("refuses a file that is there twice, elsewhere or not at all", () => {
    const digest = artifactDigest(folder);
    writeFileSync(join(folder, "fraud/1/more.py"), "");
    expect(check({ digest }).status).toBe(65);
    rmSync(join(folder, "fraud/1/more.py"));
    expect(check({ digest }).status).toBe(0);
    rmSync(join(folder, "fraud/config.pbtxt"));
    expect(check({ digest }).status).toBe(65);
  });

  it("refuses another data version, and says both, though the digest is right", () => {
    expect(check({ digest: artifactDigest(folder), data: "2026-12-01" })).toEqual({
      status: 65,
      said: `refused: declared is data version 2026-12-01, and ${folder}/data-version says 2026-11-01.`,
    });
  });

  it("refuses a version that names no data where a data version is declared", () => {
    rmSync(join(folder, "data-version"));
    const { status, said } = check({ digest: artifactDigest(folder), data: "2026-11-01" });
    expect(status).toBe(66);
    expect(said).toContain("declared is data version 2026-11-01");
    expect(said).toContain("no file data-version");
  });

  it("refuses a folder that does not exist", () => {
    expect(check({ digest: other }, join(folder, "2"))).toEqual({
      status: 66,
      said: `refused: the folder ${join(folder, "2")} of this version does not exist or cannot be read.`,
    });
  });

  it("refuses a folder without files, as a download of one that is not in the store leaves it", () => {
    rmSync(folder, { recursive: true });
    mkdirSync(join(folder, "fraud"), { recursive: true });
    expect(check({ digest: other })).toEqual({ status: 66, said: `refused: there are no files in ${folder}.` });
  });

  it("follows links, as Triton does", () => {
    const linked = join(folder, "..", `${folder.split("/").at(-1)}-link`);
    symlinkSync(folder, linked);
    try {
      expect(artifactDigest(linked)).toBe(artifactDigest(folder));
      expect(check({ digest: artifactDigest(folder) }, linked).status).toBe(0);
    } finally {
      rmSync(linked);
    }
  });

  it("takes names with spaces, and sorts as the shell does", () => {
    for (const name of ["a b.txt", "Z.txt", "é.txt", "a-b.txt", "a.txt"]) writeFileSync(join(folder, name), name);
    expect(check({ digest: artifactDigest(folder) }).status).toBe(0);
  });
});
