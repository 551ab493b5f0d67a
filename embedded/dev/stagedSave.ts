import {
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, sep } from "node:path";
import { savedFiles } from "./savedFiles.ts";

/** A copy of a Triton repository as it was saved, which later edits do not reach. */
export interface StagedSave {
  /** Counts saves from 1. It is the version of the models in Triton. */
  readonly number: number;
  /** The copy: `<folder>/<model>/config.pbtxt`, `<folder>/<model>/<number>/…`. */
  readonly folder: string;
  /** The configuration of each model, without the policy of the versions that it serves. */
  readonly configs: ReadonlyMap<string, string>;
}

/** The file name of a model's configuration. */
const configFile = "config.pbtxt";

/**
 * Copies a Triton repository to `<into>/<number>`. Of each model the highest version is taken, as Triton does without a
 * policy, and becomes version `number`. A file that is as it was in `before` is the same file on disk, so that weights
 * are not copied anew with each save.
 */
export function stageSave(source: string, into: string, number: number, before?: StagedSave): StagedSave {
  const folder = join(into, String(number));
  const configs = new Map<string, string>();
  for (const model of modelsIn(source)) {
    const from = join(source, model);
    const version = highestVersion(from);
    const versionFolder = join(folder, model, String(number));
    mkdirSync(versionFolder, { recursive: true });
    for (const [path, { size, mtimeMs }] of savedFiles(from)) {
      const [top = "", ...rest] = path.split(sep);
      if (isVersion(top) && top !== version) continue;
      const place = isVersion(top) ? rest : [top, ...rest];
      if (!isVersion(top) && path === configFile) continue;
      const parts = (save: number) => (isVersion(top) ? [String(save), ...place] : place);
      const old = before === undefined ? undefined : join(before.folder, model, ...parts(before.number));
      copy(join(from, path), join(folder, model, ...parts(number)), { size, mtimeMs }, old);
    }
    keepFromPython(versionFolder);
    const config = existsSync(join(from, configFile)) ? readFileSync(join(from, configFile), "utf8") : "";
    configs.set(model, withoutField(config, "version_policy"));
  }
  return { number, folder, configs };
}

/**
 * A file where Python would make a folder for what it compiles, which to Triton 2.51 is a change of the version: it
 * would load it again with the next one. Python goes on without, and the backend takes no variable that says so.
 */
function keepFromPython(folder: string): void {
  writeFileSync(join(folder, "__pycache__"), "");
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) keepFromPython(join(folder, entry.name));
  }
}

/** Whether both can be loaded beside each other: one model, of one configuration. */
export function fitBesides(a: StagedSave, b: StagedSave): boolean {
  if (a.configs.size !== 1 || b.configs.size !== 1) return false;
  return [...a.configs].every(([model, config]) => b.configs.get(model) === config);
}

/**
 * Makes the repository that Triton reads: the models of the last of `shown`, with the versions of all of them. They are
 * links to the copies.
 */
export function showSaves(repository: string, shown: readonly StagedSave[]): void {
  const last = shown.at(-1);
  if (last === undefined) return;
  mkdirSync(repository, { recursive: true });
  for (const model of readdirSync(repository)) {
    if (!last.configs.has(model)) rmSync(join(repository, model), { recursive: true, force: true });
  }
  for (const [model, config] of last.configs) {
    const folder = join(repository, model);
    mkdirSync(folder, { recursive: true });
    const links = new Map<string, string>(
      shown.map(({ number, folder: copies }) => [String(number), join(copies, model, String(number))]),
    );
    for (const name of readdirSync(join(last.folder, model))) {
      if (name !== String(last.number)) links.set(name, join(last.folder, model, name));
    }
    for (const name of readdirSync(folder)) {
      const stays = links.has(name) && isVersion(name);
      if (name !== configFile && !stays) rmSync(join(folder, name), { recursive: true, force: true });
    }
    for (const [name, target] of links) if (!existsSync(join(folder, name))) symlinkSync(target, join(folder, name));
    // The same, however many there are: a changed configuration would make Triton load all of them again.
    const text = `${config.trimEnd()}\nversion_policy { latest { num_versions: 2 } }\n`;
    const file = join(folder, configFile);
    if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeFileSync(file, text);
  }
}

/** A text in protobuf's text format without a message field of its top level. */
export function withoutField(text: string, field: string): string {
  const token = /#[^\n]*|"(?:[^"\\\n]|\\[^\n])*"|'(?:[^'\\\n]|\\[^\n])*'|[A-Za-z_]\w*|\s+|[\s\S]/g;
  let kept = "";
  let depth = 0;
  let cutting = false;
  let justCut = false;
  for (const [part] of text.matchAll(token)) {
    if (depth === 0 && part === field) cutting = true;
    if (/^[{<[]$/.test(part)) depth += 1;
    const closes = /^[}>\]]$/.test(part);
    if (closes) depth -= 1;
    const separates = justCut && /^[,;]$/.test(part);
    if (!cutting && !separates) kept += part;
    if (!/^\s+$/.test(part)) justCut = false;
    if (cutting && closes && depth === 0) {
      cutting = false;
      justCut = true;
    }
  }
  return kept;
}

function copy(
  from: string,
  to: string,
  { size, mtimeMs }: { readonly size: number; readonly mtimeMs: number },
  before: string | undefined,
): void {
  mkdirSync(dirname(to), { recursive: true });
  if (before !== undefined && existsSync(before)) {
    const old = statSync(before);
    if (old.size === size && Math.abs(old.mtimeMs - mtimeMs) < 1) {
      linkSync(before, to);
      return;
    }
  }
  copyFileSync(from, to, constants.COPYFILE_FICLONE);
  utimesSync(to, mtimeMs / 1_000, mtimeMs / 1_000);
}

function modelsIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !/^[._]/.test(entry.name))
    .map(({ name }) => name)
    .filter((name) => statSync(join(folder, name)).isDirectory())
    .sort();
}

function highestVersion(model: string): string | undefined {
  return readdirSync(model)
    .filter(isVersion)
    .toSorted((a, b) => Number(a) - Number(b))
    .at(-1);
}

function isVersion(name: string): boolean {
  return /^[1-9]\d*$/.test(name);
}
