import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Problem } from "../../components/core/problem.ts";
import type { ServedModel } from "../../components/model/servedModel.ts";
import { type ConfigField, type ConfigMessage, type ConfigProblem, readModelConfig } from "./modelConfig.ts";
import type { Place } from "./textFormat.ts";

/** What a server can load. */
export interface ServerAbilities {
  /** The backends that are there; absent: those of Triton's own image. */
  readonly backends?: readonly string[];
  /** Whether instances can run on a GPU. */
  readonly gpu: boolean;
}

/** The file of a version that a backend loads where the configuration names none (the backends' own documentation). */
const modelFiles: Readonly<Record<string, string>> = {
  python: "model.py",
  onnxruntime: "model.onnx",
  tensorrt: "model.plan",
  pytorch: "model.pt",
};

/** The first place of a file. */
const top: Place = { line: 1, column: 1 };

/**
 * What keeps Triton from loading a version of a model, as far as its files show it: each problem by the file and the
 * place in it.
 *
 * @param folder the Triton repository of the version, with a folder for each model in it
 */
export function repositoryProblems(
  name: string,
  model: Pick<ServedModel, "server" | "slo">,
  folder: string,
  abilities: ServerAbilities,
): Problem[] {
  const models = foldersIn(folder);
  if (!models.includes(name)) {
    return [
      {
        path: shown(folder),
        reason: `it has no folder "${name}", which is the model that requests name${models.length === 0 ? "" : `; it has ${models.map((one) => `"${one}"`).join(", ")}`}.`,
        fix: `Put ${name}/config.pbtxt and ${name}/1/ with the model's file there.`,
      },
    ];
  }
  return models.flatMap((one) => modelProblems(one, one === name, model, join(folder, one), abilities));
}

function modelProblems(
  name: string,
  isServed: boolean,
  { server, slo }: Pick<ServedModel, "server" | "slo">,
  folder: string,
  abilities: ServerAbilities,
): Problem[] {
  const file = join(folder, "config.pbtxt");
  const text = existsSync(file) ? readFileSync(file, "utf8") : undefined;
  if (text === undefined) return missingConfig(name, folder, server.backend);
  const { config, problems } = readModelConfig(text);
  // What is not read yet may be what a later rule misses.
  if (problems.length > 0) return problems.map((problem) => atPlace(file, problem));
  const backend = textOf(config, "backend") ?? (isServed ? server.backend : undefined);
  return [
    ...nameProblems(name, config),
    ...(isServed ? backendProblems(config, server.backend, abilities) : []),
    ...tensorProblems(config),
    ...instanceProblems(config, abilities, server.gpu !== undefined),
    ...batchProblems(config),
    ...warmupProblems(config),
  ]
    .map((problem) => atPlace(file, problem))
    .concat(versionProblems(folder, config, backend), isServed ? scoreProblems(folder, slo) : []);
}

/** Backends that read inputs and outputs from the model's own file need no configuration; Python needs a method. */
function missingConfig(name: string, folder: string, backend: string): Problem[] {
  const files = foldersIn(folder).flatMap((version) => {
    const model = join(folder, version, "model.py");
    return existsSync(model) ? [readFileSync(model, "utf8")] : [];
  });
  if (backend !== "python" && backend !== "pytorch") return [];
  if (files.some((text) => text.includes("auto_complete_config"))) return [];
  return [
    {
      path: shown(join(folder, "config.pbtxt")),
      reason: `it does not exist, so Triton does not know what model "${name}" takes and answers.`,
      fix: 'Write backend, max_batch_size, input and output there, or a method "auto_complete_config" in model.py.',
    },
  ];
}

function nameProblems(name: string, config: ConfigMessage): ConfigProblem[] {
  const declared = config.name?.[0];
  if (declared === undefined || declared.value === name || declared.value === "") return [];
  return [
    {
      at: declared.at,
      reason: `name is "${declared.value}", and the folder is "${name}".`,
      fix: `Leave the name out, or write "${name}".`,
    },
  ];
}

function backendProblems(config: ConfigMessage, declared: string, { backends }: ServerAbilities): ConfigProblem[] {
  const written = config.backend?.[0];
  const is = written?.value ?? declared;
  // An ensemble has no backend of its own.
  if (config.ensemble_scheduling !== undefined || (written === undefined && config.platform !== undefined)) return [];
  if (is !== declared) {
    return [
      {
        at: written?.at ?? top,
        reason: `backend is "${is}", and the model declares server: triton({ backend: "${declared}" }).`,
        fix: "Write the same in both.",
      },
    ];
  }
  if (backends === undefined || backends.includes(String(is))) return [];
  return [
    {
      at: written?.at ?? top,
      reason: `backend "${is}" is not here: the embedded environment has ${backends.map((one) => `"${one}"`).join(", ")}.`,
      fix: "Try the model on a cluster of your own: npx serin up local --kubeconfig <file>.",
    },
  ];
}

/** Rules of triton-inference-server/core `src/model_config_utils.cc` (`ValidateModelInput`, `ValidateModelOutput`). */
function tensorProblems(config: ConfigMessage): ConfigProblem[] {
  return (["input", "output"] as const).flatMap((field) =>
    (config[field] ?? []).flatMap(({ at, value: tensor }) => {
      if (typeof tensor === "string") return [];
      const name = textOf(tensor, "name") ?? "";
      const problems: ConfigProblem[] = [];
      if (name === "") problems.push({ at, reason: `an ${field} has no name.`, fix: "Write name." });
      const type = textOf(tensor, "data_type");
      if (type === undefined || type === "TYPE_INVALID") {
        problems.push({ at, reason: `${field} "${name}" has no data_type.`, fix: "Write one, such as TYPE_FP32." });
      }
      if (tensor.dims === undefined) {
        problems.push({
          at,
          reason: `${field} "${name}" has no dims.`,
          fix: "Write the shape, without the batch: dims: [ 8 ]; -1 is any size.",
        });
      }
      const wrong = tensor.dims?.find(({ value }) => Number(value) < 1 && Number(value) !== -1);
      if (wrong !== undefined) {
        problems.push({
          at: wrong.at,
          reason: `${field} "${name}" has a dimension ${wrong.value}.`,
          fix: "Write at least 1, or -1 for any size.",
        });
      }
      return problems;
    }),
  );
}

function instanceProblems(config: ConfigMessage, { gpu }: ServerAbilities, asksForGpu: boolean): ConfigProblem[] {
  return (config.instance_group ?? []).flatMap(({ at, value }) => {
    if (typeof value === "string" || textOf(value, "kind") !== "KIND_GPU" || (gpu && asksForGpu)) return [];
    return [
      {
        at,
        reason: asksForGpu
          ? "its instances are KIND_GPU, and Triton runs on the CPU here."
          : "its instances are KIND_GPU, and the model's server declares no gpu.",
        fix: asksForGpu ? "Write KIND_AUTO, which takes a GPU where one is." : "Declare server.gpu, or write KIND_CPU.",
      },
    ];
  });
}

/** `ValidateModelConfig`: a preferred batch must be possible. */
function batchProblems(config: ConfigMessage): ConfigProblem[] {
  const most = Number(textOf(config, "max_batch_size") ?? 0);
  const batching = config.dynamic_batching?.[0]?.value;
  if (batching === undefined || typeof batching === "string") return [];
  return (batching.preferred_batch_size ?? [])
    .filter(({ value }) => Number(value) > most)
    .map(({ at, value }) => ({
      at,
      reason: `preferred_batch_size ${value} is above max_batch_size ${most}.`,
      fix: "Raise max_batch_size, or lower it.",
    }));
}

/** What a warm-up sends must be what the model takes, else the model does not load. */
function warmupProblems(config: ConfigMessage): ConfigProblem[] {
  const inputs = new Map(
    (config.input ?? []).flatMap(({ value }) =>
      typeof value === "string" ? [] : [[textOf(value, "name") ?? "", value] as const],
    ),
  );
  return (config.model_warmup ?? []).flatMap(({ at, value: warmup }) => {
    if (typeof warmup === "string" || config.ensemble_scheduling !== undefined) return [];
    const sent = new Map(
      (warmup.inputs ?? []).flatMap(({ at: place, value: entry }) =>
        typeof entry === "string" ? [] : [[textOf(entry, "key") ?? "", { at: place, entry }] as const],
      ),
    );
    const missing = [...inputs].filter(([name, input]) => !sent.has(name) && textOf(input, "optional") !== "true");
    return [
      ...missing.map(([name]) => ({ at, reason: `the warm-up sends no input "${name}".`, fix: "Add it to inputs." })),
      ...[...sent].flatMap(([name, { at: place, entry }]) => warmedInput(name, inputs.get(name), entry, place)),
    ];
  });
}

function warmedInput(name: string, input: ConfigMessage | undefined, entry: ConfigMessage, at: Place): ConfigProblem[] {
  const sent = entry.value?.[0]?.value;
  if (input === undefined) return [{ at, reason: `the model has no input "${name}".`, fix: "Write the name of one." }];
  if (sent === undefined || typeof sent === "string") return [];
  const type = textOf(input, "data_type");
  if (textOf(sent, "data_type") !== type) {
    return [{ at, reason: `the warm-up of "${name}" is ${textOf(sent, "data_type")}, and the input is ${type}.` }];
  }
  const dims = numbers(input.dims);
  const given = numbers(sent.dims);
  const fits = dims.length === given.length && dims.every((size, index) => size === -1 || size === given[index]);
  if (fits) return [];
  return [
    {
      at,
      reason: `the warm-up of "${name}" has dims [${given.join(", ")}], and the input has [${dims.join(", ")}].`,
      fix: "Write sizes that the input takes, without the batch.",
    },
  ];
}

/** The version folders and the file of the model in each that is served. */
function versionProblems(folder: string, config: ConfigMessage, backend: string | undefined): Problem[] {
  const versions = foldersIn(folder).filter((name) => /^[1-9]\d*$/.test(name));
  if (versions.length === 0) {
    return [
      {
        path: shown(folder),
        reason: "it has no folder whose name is a number, which Triton takes for the version.",
        fix: `Put the model's file into ${shown(join(folder, "1"))}.`,
      },
    ];
  }
  const file = textOf(config, "default_model_filename") ?? modelFiles[backend ?? ""];
  if (file === undefined || config.ensemble_scheduling !== undefined || config.cc_model_filenames !== undefined)
    return [];
  return served(versions, config)
    .filter((version) => !existsSync(join(folder, version, file)))
    .map((version) => ({
      path: shown(join(folder, version)),
      reason: `it has no file "${file}", which the ${backend ?? "model's"} backend loads.`,
      fix: "Put it there, or name another with default_model_filename.",
    }));
}

/** Without a policy Triton serves the highest version alone. */
function served(versions: readonly string[], config: ConfigMessage): string[] {
  const policy = config.version_policy?.[0]?.value;
  const sorted = versions.toSorted((a, b) => Number(a) - Number(b));
  if (policy === undefined || typeof policy === "string") return sorted.slice(-1);
  const specific = policy.specific?.[0]?.value;
  if (specific !== undefined && typeof specific !== "string")
    return sorted.filter((version) => numbers(specific.versions).includes(Number(version)));
  return policy.all === undefined ? sorted.slice(-1) : sorted;
}

/** The line of a prediction_score.py from before `_negative_sum`, which adds scores to a counter whatever their sign. */
const unsigned = /\.sum\.increment\(float\(scores\.sum\(\)\)\)/;

/**
 * A counter of Triton that is told to fall ends the server (signal 6), with every request that it has (Triton's custom
 * metrics, `TRITONSERVER_MetricIncrement`).
 */
function scoreProblems(folder: string, { predictionScore }: Pick<ServedModel, "slo">["slo"]): Problem[] {
  if ((predictionScore?.min ?? 0) >= 0) return [];
  return foldersIn(folder).flatMap((version) => {
    const file = join(folder, version, "prediction_score.py");
    if (!existsSync(file)) return [];
    const line = readFileSync(file, "utf8")
      .split("\n")
      .findIndex((one) => unsigned.test(one));
    if (line < 0) return [];
    return [
      {
        path: `${shown(file)}:${line + 1}`,
        reason: `scores go down to ${predictionScore?.min}, and a batch with a sum below 0 would end Triton.`,
        fix: "Copy prediction_score.py from Serin's stacks/models/repository/fraud/2/fraud/2 anew: it counts scores below 0 by themselves.",
      },
    ];
  });
}

function textOf(message: ConfigMessage, field: string): string | undefined {
  const value = message[field]?.[0]?.value;
  return typeof value === "string" ? value : undefined;
}

function numbers(fields: readonly ConfigField[] = []): number[] {
  return fields.map(({ value }) => Number(value));
}

function atPlace(file: string, { at, reason, fix }: ConfigProblem): Problem {
  return { path: `${shown(file)}:${at.line}:${at.column}`, reason, ...(fix === undefined ? {} : { fix }) };
}

/** Below the current folder without its path: that is what a person types. */
function shown(path: string): string {
  const below = relative(process.cwd(), path);
  return below === "" || below.startsWith("..") ? path : below;
}

function foldersIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map(({ name }) => name)
    .filter((name) => !name.startsWith(".") && name !== "__pycache__")
    .sort();
}
