import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Problem, unknownChoice } from "../components/core/problem.ts";
import { locate } from "../components/model/hostCluster.ts";
import type { Model } from "../components/model/model.ts";
import { type ConfigField, type ConfigMessage, readModelConfig } from "../diagnosis/repository/modelConfig.ts";

/** One body of a file, with where it stands. */
export interface RequestBody {
  /** The number of its line, counted from 1; 1 for a file that is one body. */
  readonly line: number;
  /** The body as it was written. */
  readonly text: string;
}

/** An input of a model, as its `config.pbtxt` declares it. */
export interface DeclaredInput {
  /** Its name. */
  readonly name: string;
  /** Its type as a request writes it: `FP32`, `BYTES`. */
  readonly datatype: string;
  /** Its sizes without the batch; -1 is any size. */
  readonly dims: readonly number[];
  /** Whether a request may leave it out. */
  readonly optional: boolean;
}

/** What a model takes. */
export interface DeclaredInputs {
  /** The inputs by name; empty: the configuration leaves them to the model's own file. */
  readonly inputs: readonly DeclaredInput[];
  /** The most samples of one request; 0: requests have no dimension for the batch. */
  readonly maxBatch: number;
}

/** Problems are listed for so many bodies: whoever has more has the same one again and again. */
const mostProblems = 10;
/** They are kept in memory twice. */
const mostBytes = 64 * 1_024 * 1_024;

/** The bodies of a file: one JSON object, or one on each line. Lines of blanks are skipped. */
export function readRequests(
  file: string,
  path = "--input",
): { readonly bodies: readonly RequestBody[]; readonly problems: readonly Problem[] } {
  const refused = (reason: string, fix: string) => ({ bodies: [], problems: [{ path, reason, fix }] });
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return refused(`${file} cannot be read: ${(error as Error).message}.`, "Name a file of requests.");
  }
  if (text.length > mostBytes) return refused(`${file} has more than 64 MiB.`, "Take a sample of its lines.");
  if (isObject(parsed(text))) return { bodies: [{ line: 1, text: text.trim() }], problems: [] };
  const lines = text.split("\n").map((line, index) => ({ line: index + 1, text: line.trim() }));
  const bodies = lines.filter((one) => one.text !== "");
  if (bodies.length === 0) return refused(`${file} has no request.`, "Write a JSON body on each line.");
  const wrong = bodies.filter((one) => !isObject(parsed(one.text)));
  return {
    bodies,
    problems: wrong.slice(0, mostProblems).map(({ line }) => ({
      path: `${file}:${line}`,
      reason: "it is no JSON object.",
      fix: 'Write one request a line: {"inputs":[{"name":"x","datatype":"FP32","shape":[1,8],"data":[…]}]}',
    })),
  };
}

/** What a version of a model takes, from its `config.pbtxt` in the embedded model store. Undefined: it has none. */
export function declaredInputs(name: string, model: Model, modelStore: string): DeclaredInputs | undefined {
  const location = locate(name, model.repository, model.version, { kind: "pvc", claim: "model-store" });
  if (!("claim" in location)) return undefined;
  const file = join(modelStore, location.path, name, "config.pbtxt");
  if (!existsSync(file)) return undefined;
  const { config } = readModelConfig(readFileSync(file, "utf8"));
  return {
    maxBatch: Number(textOf(config, "max_batch_size") ?? 0),
    inputs: (config.input ?? []).flatMap(({ value }) =>
      typeof value === "string"
        ? []
        : [
            {
              name: textOf(value, "name") ?? "",
              datatype: requestType(textOf(value, "data_type") ?? ""),
              dims: (value.dims ?? []).map((field: ConfigField) => Number(field.value)),
              optional: textOf(value, "optional") === "true",
            },
          ],
    ),
  };
}

/** What of these bodies a model does not take: names, types, shapes, the number of values. At most ten are told. */
export function requestProblems(
  file: string,
  bodies: readonly RequestBody[],
  declared: DeclaredInputs,
): readonly Problem[] {
  const problems: Problem[] = [];
  for (const { line, text } of bodies) {
    for (const [where, reason, fix] of bodyProblems(parsed(text), declared)) {
      problems.push({ path: `${file}:${line}${where === "" ? "" : ` ${where}`}`, reason, fix });
    }
    if (problems.length >= mostProblems) break;
  }
  return problems.slice(0, mostProblems);
}

type Found = readonly [where: string, reason: string, fix: string];

function bodyProblems(body: unknown, { inputs, maxBatch }: DeclaredInputs): Found[] {
  const sent = isObject(body) ? body.inputs : undefined;
  if (!Array.isArray(sent) || !sent.every(isObject)) {
    return [["inputs", "it is no list of objects.", 'Write "inputs": [{ "name", "datatype", "shape", "data" }].']];
  }
  const names = sent.map(({ name }) => String(name));
  const missing = inputs.filter(({ name, optional }) => !optional && !names.includes(name));
  return [
    ...missing.map(({ name }): Found => ["inputs", `it has no input "${name}".`, "Add it: the model needs it."]),
    ...sent.flatMap((input, index) => inputProblems(`inputs[${index}]`, input, inputs, maxBatch)),
  ];
}

function inputProblems(
  where: string,
  { name, datatype, shape, data }: Readonly<Record<string, unknown>>,
  inputs: readonly DeclaredInput[],
  maxBatch: number,
): Found[] {
  const declared = inputs.find((one) => one.name === name);
  if (inputs.length > 0 && declared === undefined) {
    const { reason, fix } = unknownChoice(
      where,
      String(name),
      inputs.map((one) => one.name),
    );
    return [[`${where}.name`, reason, fix ?? "Write the name of an input."]];
  }
  const problems: Found[] = [];
  if (declared !== undefined && datatype !== declared.datatype) {
    problems.push([
      `${where}.datatype`,
      `"${datatype}" is not "${declared.datatype}".`,
      `Write "${declared.datatype}".`,
    ]);
  }
  if (!isShape(shape)) {
    return [...problems, [`${where}.shape`, "it is no list of sizes.", "Write whole numbers, such as [1, 8]."]];
  }
  if (declared !== undefined) {
    const expected = maxBatch > 0 ? [-1, ...declared.dims] : declared.dims;
    const fits =
      shape.length === expected.length && expected.every((size, index) => size === -1 || size === shape[index]);
    const shown = expected.map((size, index) => (maxBatch > 0 && index === 0 ? "batch" : size === -1 ? "any" : size));
    if (!fits) {
      problems.push([`${where}.shape`, `[${shape.join(", ")}] is not [${shown.join(", ")}].`, "Write sizes that fit."]);
    } else if (maxBatch > 0 && Number(shape[0]) > maxBatch) {
      problems.push([`${where}.shape`, `a batch of ${shape[0]} is above max_batch_size ${maxBatch}.`, "Split it."]);
    }
  }
  const values = Array.isArray(data) ? data.flat(Number.POSITIVE_INFINITY) : undefined;
  if (values === undefined) {
    return [...problems, [`${where}.data`, "it is no list.", "Write the values; binary data cannot be in a file."]];
  }
  const count = shape.reduce((product, size) => product * size, 1);
  if (values.length !== count) {
    problems.push([`${where}.data`, `it has ${values.length} values, and the shape ${count}.`, "Write as many."]);
  }
  const wrong = values.findIndex((value) => !isOfType(value, String(datatype)));
  if (wrong >= 0) {
    problems.push([
      `${where}.data`,
      `${JSON.stringify(values[wrong])} is no ${datatype}.`,
      "Write values of the type.",
    ]);
  }
  return problems;
}

function isOfType(value: unknown, datatype: string): boolean {
  if (datatype === "BYTES") return typeof value === "string";
  if (datatype === "BOOL") return typeof value === "boolean" || value === 0 || value === 1;
  if (typeof value !== "number") return false;
  return datatype.startsWith("FP") || datatype === "BF16" || Number.isInteger(value);
}

/** `TYPE_STRING` of a configuration is `BYTES` in a request; others have the same name. */
function requestType(declared: string): string {
  return declared === "TYPE_STRING" ? "BYTES" : declared.replace(/^TYPE_/, "");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isShape(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isInteger(size) && size >= 0);
}

function textOf(message: ConfigMessage, field: string): string | undefined {
  const value = message[field]?.[0]?.value;
  return typeof value === "string" ? value : undefined;
}
