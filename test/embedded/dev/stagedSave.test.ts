import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fitBesides, showSaves, stageSave, withoutField } from "../../../embedded/dev/stagedSave.ts";

let home: string;
const source = () => join(home, "source");
const write = (path: string, text: string) => {
  mkdirSync(dirname(join(source(), path)), { recursive: true });
  writeFileSync(join(source(), path), text);
};
const stage = (number: number, before?: ReturnType<typeof stageSave>) =>
  stageSave(source(), join(home, "saves"), number, before);
const repository = () => join(home, "repository");
const shown = (path: string) => readFileSync(join(repository(), path), "utf8");

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "serin-staged-"));
  write("fraud/config.pbtxt", 'backend: "python"\n');
  write("fraud/1/model.py", "first");
});
afterEach(() => rmSync(home, { recursive: true }));

describe("a save that is staged", () => {
  it("stays as it was when the file is written over", () => {
    const save = stage(1);
    write("fraud/1/model.py", "second");
    expect(readFileSync(join(save.folder, "fraud/1/model.py"), "utf8")).toBe("first");
  });

  it("is the highest version of the model, under the number of the save", () => {
    write("fraud/2/model.py", "second");
    write("fraud/10/model.py", "tenth");
    const save = stage(3);
    expect(readdirSync(join(save.folder, "fraud"))).toEqual(["3"]);
    expect(readFileSync(join(save.folder, "fraud/3/model.py"), "utf8")).toBe("tenth");
  });

  it("has no caches, swap files and hidden files", () => {
    write("fraud/1/__pycache__/model.pyc", "");
    write("fraud/1/.model.py.swp", "");
    write("fraud/1/model.py~", "");
    const folder = join(stage(1).folder, "fraud/1");
    expect(readdirSync(folder).filter((name) => name !== "__pycache__")).toEqual(["model.py"]);
  });

  it("is not changed by what Python compiles: a file is where its folder would be", () => {
    write("fraud/1/features/text.py", "");
    const folder = join(stage(1).folder, "fraud/1");
    for (const at of [folder, join(folder, "features")]) expect(statSync(join(at, "__pycache__")).isFile()).toBe(true);
  });

  it("shares a file that is as it was with the save before, and a changed one not", () => {
    write("fraud/1/weights.bin", "heavy");
    const first = stage(1);
    write("fraud/1/model.py", "other");
    utimesSync(join(source(), "fraud/1/model.py"), new Date(), new Date(Date.now() + 5_000));
    const second = stage(2, first);
    const inode = (folder: string, file: string) => statSync(join(folder, file)).ino;
    expect(inode(second.folder, "fraud/2/weights.bin")).toBe(inode(first.folder, "fraud/1/weights.bin"));
    expect(readFileSync(join(first.folder, "fraud/1/model.py"), "utf8")).toBe("first");
    expect(readFileSync(join(second.folder, "fraud/2/model.py"), "utf8")).toBe("other");
  });
});

describe("the repository that Triton reads", () => {
  it("has the versions that are shown, and both are kept", () => {
    write("fraud/labels.txt", "a");
    const first = stage(1);
    write("fraud/1/model.py", "second");
    const second = stage(2);
    showSaves(repository(), [first, second]);
    expect(readdirSync(join(repository(), "fraud")).sort()).toEqual(["1", "2", "config.pbtxt", "labels.txt"]);
    expect([shown("fraud/1/model.py"), shown("fraud/2/model.py")]).toEqual(["first", "second"]);
    expect(shown("fraud/config.pbtxt")).toBe('backend: "python"\nversion_policy { latest { num_versions: 2 } }\n');
  });

  it("loses a version that is no longer shown, and its configuration is not written again", () => {
    const first = stage(1);
    const second = stage(2);
    showSaves(repository(), [first, second]);
    const written = statSync(join(repository(), "fraud/config.pbtxt")).mtimeMs;
    showSaves(repository(), [second]);
    expect(readdirSync(join(repository(), "fraud")).sort()).toEqual(["2", "config.pbtxt"]);
    expect(statSync(join(repository(), "fraud/config.pbtxt")).mtimeMs).toBe(written);
    expect(readFileSync(join(first.folder, "fraud/1/model.py"), "utf8")).toBe("first");
  });

  it("loses a model that the save has no more", () => {
    write("before/1/model.py", "");
    showSaves(repository(), [stage(1)]);
    rmSync(join(source(), "before"), { recursive: true });
    showSaves(repository(), [stage(2)]);
    expect(readdirSync(repository())).toEqual(["fraud"]);
  });
});

describe("two saves", () => {
  it("can be loaded beside each other while the configuration is the same", () => {
    const first = stage(1);
    expect(fitBesides(first, stage(2))).toBe(true);
    write("fraud/config.pbtxt", 'backend: "python"\nmax_batch_size: 4\n');
    expect(fitBesides(first, stage(3))).toBe(false);
  });

  it("cannot where a repository has several models, since one would answer with parts of the other", () => {
    write("before/1/model.py", "");
    expect(fitBesides(stage(1), stage(2))).toBe(false);
  });
});

describe("a field that is taken out of a configuration", () => {
  it.each([
    ["a: 1\nversion_policy { latest { num_versions: 1 } }\nb: 2\n", "a: 1\n\nb: 2\n"],
    ['a: "version_policy { }"\n', 'a: "version_policy { }"\n'],
    ["# version_policy { }\nversion_policy: < all { } >, b: 2", "# version_policy { }\n b: 2"],
    ["x { version_policy { } }", "x { version_policy { } }"],
    ["version_policy { specific { versions: [1, 2] } };", ""],
  ])("%j becomes %j", (text, without) => expect(withoutField(text, "version_policy")).toBe(without));
});
