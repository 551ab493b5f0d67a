import { copyFile, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Problem } from "../../components/core/problem.ts";
import { type Fault, faultAnnotation, faultPlaces, formatFaults } from "./fault.ts";

/**
 * The name of the model's own `model.py` in a private copy, where `model.py` is the wrapper that injects the faults.
 */
const renamedModel = "served_model.py";
const faultyModel = join(dirname(fileURLToPath(import.meta.url)), "faultyModel.py");

/**
 * Makes a private model repository for a pod in `target`: a link to each file of `source`, and in front of each Python
 * model a wrapper that injects the faults. The files in `source` stay unchanged, and Python's bytecode cache is written
 * to `target`.
 *
 * Returns a problem if no model can have the faults; the copy then has none.
 */
export async function makePrivateRepository(
  source: string,
  target: string,
  faults: readonly Fault[],
): Promise<Problem[]> {
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  const inModel = faults.filter(({ kind }) => faultPlaces[kind] === "model" || kind === "syntaxError");
  const badConfig = faults.some(({ kind }) => kind === "badConfig");
  let models = 0;
  for (const model of await readdir(source, { withFileTypes: true })) {
    if (!model.isDirectory()) continue;
    await mkdir(join(target, model.name));
    for (const entry of await readdir(join(source, model.name), { withFileTypes: true })) {
      const from = join(source, model.name, entry.name);
      const to = join(target, model.name, entry.name);
      if (badConfig && entry.name === "config.pbtxt")
        await writeFile(to, `${await readFile(from, "utf8")}${unknownField}`);
      else if (!entry.isDirectory() || !/^\d+$/.test(entry.name)) await symlink(from, to);
      else if (await linkVersion(from, to, inModel)) models += 1;
    }
  }
  return inModel.length === 0 || models > 0 ? [] : [noPythonModel(inModel, source)];
}

/** Triton refuses a configuration with a field that it does not know. */
const unknownField = '\n# Added by the rehearsal\'s fault "bad-config".\nmax_batchsize: 32\n';
/** Python refuses a file that ends within a definition. */
const unreadable = '# Written by the rehearsal\'s fault "syntax-error".\nclass TritonPythonModel\n    pass\n';

/** Links one version of a model. Returns whether it is a Python model, which the faults have been put in front of. */
async function linkVersion(source: string, target: string, faults: readonly Fault[]): Promise<boolean> {
  await mkdir(target);
  const names = (await readdir(source)).filter((name) => name !== "__pycache__");
  const wrapped = faults.length > 0 && names.includes("model.py");
  for (const name of names) {
    await symlink(join(source, name), join(target, wrapped && name === "model.py" ? renamedModel : name));
  }
  if (!wrapped) return false;
  if (faults.some(({ kind }) => kind === "syntaxError")) {
    await writeFile(join(target, "model.py"), unreadable);
    return true;
  }
  await copyFile(faultyModel, join(target, "model.py"));
  await writeFile(join(target, "faults.json"), JSON.stringify(faultSettings(faults)));
  return true;
}

function faultSettings(faults: readonly Fault[]): Record<string, unknown> {
  const settings = faults.map(({ kind: _, fromMs: __, ...values }) => values);
  const from = faults.flatMap(({ kind: _, fromMs, ...values }) =>
    fromMs === undefined ? [] : Object.keys(values).map((key) => [key, fromMs / 1_000] as const),
  );
  return Object.assign(
    { model: renamedModel, ...(from.length === 0 ? {} : { from: Object.fromEntries(from) }) },
    ...settings,
  );
}

function noPythonModel(faults: readonly Fault[], source: string): Problem {
  return {
    path: `annotation ${faultAnnotation}`,
    reason: `"${formatFaults(faults)}" needs a model of the Python backend, and ${source} has none.`,
    fix: 'Use "slow-start=60s", which works for every model, or rehearse a model with a model.py.',
  };
}
