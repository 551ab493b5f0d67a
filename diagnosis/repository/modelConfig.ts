import { unknownChoice } from "../../components/core/problem.ts";
import { configEnums, configMessages } from "./modelConfigFields.ts";
import { type Place, parseTextFormat, TextFormatError, type TextMessage, type TextScalar } from "./textFormat.ts";

/** What is wrong at a place of a `config.pbtxt`. */
export interface ConfigProblem {
  /** Where. */
  readonly at: Place;
  /** The value and the rule that it breaks. */
  readonly reason: string;
  /** What to write instead. */
  readonly fix?: string;
}

/** A field of a message, by its type. */
export interface ConfigField {
  /** Where its value stands. */
  readonly at: Place;
  /** A scalar as it is written, or the fields of a message. */
  readonly value: string | ConfigMessage;
}

/** The fields of a message, by name; a field that may stand there several times has several. */
export type ConfigMessage = Readonly<Record<string, readonly ConfigField[]>>;

/** A `config.pbtxt`, with what Triton refuses of its form. */
export interface ReadConfig {
  /** What could be read. Empty where the text is not in the format. */
  readonly config: ConfigMessage;
  /** Text that is not in the format, fields that do not exist, values of another type. */
  readonly problems: readonly ConfigProblem[];
}

/** Reads a `config.pbtxt` as Triton does: an unknown field, a value of another type or a second value is refused. */
export function readModelConfig(text: string): ReadConfig {
  try {
    const problems: ConfigProblem[] = [];
    return { config: typed(parseTextFormat(text), "ModelConfig", problems), problems };
  } catch (error) {
    if (!(error instanceof TextFormatError)) throw error;
    return {
      config: {},
      problems: [{ at: error.at, reason: error.message, fix: "Triton reads the file as protobuf text format." }],
    };
  }
}

function typed(message: TextMessage, type: string, problems: ConfigProblem[]): ConfigMessage {
  const types = type.startsWith("map:") ? { key: "string", value: type.slice(4) } : configMessages[type];
  const found: Record<string, ConfigField[]> = {};
  for (const { name, value, at, valueAt } of message.fields) {
    const declared = Object.hasOwn(types ?? {}, name) ? types?.[name] : undefined;
    if (declared === undefined) {
      problems.push({ at, ...fieldProblem(type, name, Object.keys(types ?? {})) });
      continue;
    }
    const before = found[name] ?? [];
    if (before.length > 0 && !/^(\[\]|map:)/.test(declared)) {
      problems.push({ at, reason: `"${name}" is there already, and can be set once.`, fix: "Keep one of them." });
      continue;
    }
    const read = readValue(value, declared.replace("[]", ""), problems, valueAt, name);
    if (read !== undefined) found[name] = [...before, { at: valueAt, value: read }];
  }
  return found;
}

function fieldProblem(type: string, name: string, names: readonly string[]): Omit<ConfigProblem, "at"> {
  const { fix = `It has: ${names.join(", ")}.` } = unknownChoice("", name, names);
  return { reason: `${type.startsWith("map:") ? "an entry" : type} has no field "${name}".`, fix };
}

function readValue(
  value: TextMessage | TextScalar,
  type: string,
  problems: ConfigProblem[],
  at: Place,
  name: string,
): string | ConfigMessage | undefined {
  const isMessage = type.startsWith("map:") || Object.hasOwn(configMessages, type);
  if ("fields" in value) {
    if (isMessage) return typed(value, type, problems);
    problems.push({ at, reason: `"${name}" is no message.`, fix: `Write a ${plain(type)}.` });
    return undefined;
  }
  const reason = isMessage ? `"${name}" is a message.` : scalarReason(value, type, name);
  if (reason === undefined) return value.text;
  problems.push({ at, ...(typeof reason === "string" ? { reason, fix: "Write { … }." } : reason) });
  return undefined;
}

function scalarReason({ text, kind }: TextScalar, type: string, name: string): Omit<ConfigProblem, "at"> | undefined {
  const values = configEnums[type];
  if (values !== undefined) {
    // A number is taken, too, as protobuf does.
    if (values.includes(text) || (kind === "number" && Number(text) < values.length)) return undefined;
    const { reason, fix } = unknownChoice("", text, values);
    return { reason: `${name}: ${reason}`, fix: fix ?? `Write one of them.` };
  }
  const fits = scalars[plain(type)]?.(text, kind) ?? true;
  return fits ? undefined : { reason: `${name}: "${text}" is not a ${plain(type)}.`, fix: examples[plain(type)] ?? "" };
}

function plain(type: string): string {
  if (/^u?int/.test(type)) return type.startsWith("u") ? "whole number of at least 0" : "whole number";
  return /^(float|double)$/.test(type) ? "number" : type;
}

const scalars: Readonly<Record<string, (text: string, kind: TextScalar["kind"]) => boolean>> = {
  string: (_, kind) => kind === "string",
  bool: (text, kind) => kind !== "string" && /^(true|false|t|f|True|False|0|1)$/.test(text),
  "whole number": (text, kind) => kind === "number" && /^-?(\d+|0[xX][\da-fA-F]+)$/.test(text),
  "whole number of at least 0": (text, kind) => kind === "number" && /^(\d+|0[xX][\da-fA-F]+)$/.test(text),
  number: (text, kind) => kind === "number" || /^-?(inf|infinity|nan)$/i.test(text),
};

const examples: Readonly<Record<string, string>> = {
  string: 'Write it in quotes: "…".',
  bool: "Write true or false.",
  "whole number": "Write it without quotes: 8.",
  "whole number of at least 0": "Write it without quotes: 8.",
  number: "Write it without quotes: 0.5.",
};
