/** The answer of one version to one request. */
export interface Replayed {
  /** From sending the request to the end of the answer. */
  readonly latencyMs: number;
  /** The output tensors by name. Absent: there was no answer. */
  readonly outputs?: Readonly<Record<string, Tensor>>;
  /** What was said in place of an answer. */
  readonly error?: string;
}

/** A tensor of Triton's HTTP protocol. */
export interface Tensor {
  /** The sizes of its dimensions. */
  readonly shape: readonly number[];
  /** Its elements in one list. */
  readonly data: readonly unknown[];
}

/** The answers of one version to all requests, in their order. */
export interface Replay {
  /** One for each request. */
  readonly answers: readonly Replayed[];
  /** The mean of the scores that the model exported for these requests. Absent: it exports none. */
  readonly meanScore?: number;
}

/** How the answers in one output differ. */
export interface OutputDifference {
  /** The name of the tensor. */
  readonly name: string;
  /** In how many requests it is not the same, to the last digit. */
  readonly differing: number;
  /** The largest difference of two numbers at the same place. Absent: it holds no numbers, or shapes differ. */
  readonly maxDifference?: number;
  /** Shapes that differ, of the first request that has them. */
  readonly shapes?: { readonly before: readonly number[]; readonly after: readonly number[] };
}

/** What a save changed, as the same requests show it. */
export interface Comparison {
  /** Requests that both answered. */
  readonly compared: number;
  /** Of these, requests whose answers differ in any output. */
  readonly differing: number;
  /** Outputs that differ, or that only one version has. */
  readonly outputs: readonly OutputDifference[];
}

/** Compares the answers of two versions to the same requests. */
export function compareReplays(before: Replay, after: Replay): Comparison {
  const pairs = before.answers.flatMap((one, index) => {
    const other = after.answers[index]?.outputs;
    return one.outputs === undefined || other === undefined ? [] : [{ before: one.outputs, after: other }];
  });
  const names = [...new Set(pairs.flatMap((pair) => [...Object.keys(pair.before), ...Object.keys(pair.after)]))];
  const outputs = names.map((name) => outputDifference(name, pairs));
  return {
    compared: pairs.length,
    differing: pairs.filter((pair) => names.some((name) => !equal(pair.before[name], pair.after[name]))).length,
    outputs: outputs.filter(({ differing }) => differing > 0),
  };
}

/** Latencies of the requests that were answered, milliseconds; `undefined` without one. */
export function latencies({ answers }: Replay): { readonly p50: number; readonly p99: number } | undefined {
  const sorted = answers
    .filter(({ outputs }) => outputs !== undefined)
    .map(({ latencyMs }) => latencyMs)
    .toSorted((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}

/** How many requests had no answer, and what was said to the first of them. */
export function failures({ answers }: Replay): { readonly count: number; readonly first?: string } {
  const failed = answers.filter(({ outputs }) => outputs === undefined);
  const first = failed[0]?.error;
  return { count: failed.length, ...(first === undefined ? {} : { first }) };
}

/**
 * The mean of the scores that a version of a model exported between two looks at its metrics; `undefined` if it
 * exported none.
 */
export function meanScore(before: string, after: string, model: string, version: number): number | undefined {
  const grown = (name: string) => value(after, name, model, version) - value(before, name, model, version);
  const count = grown("model_prediction_score_count");
  return count > 0 ? grown("model_prediction_score_sum") / count : undefined;
}

/** The tensors of an answer. Triton writes numbers that JSON does not have as they are. */
export function tensorsOf(text: string): Readonly<Record<string, Tensor>> {
  const { outputs = [] } = parsed(text) as { outputs?: (Tensor & { name: string })[] };
  return Object.fromEntries(outputs.map(({ name, shape, data }) => [name, { shape, data }]));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(text.replaceAll(/(?<=[[,:]\s*)(-?(?:NaN|Infinity|Inf))(?=\s*[,\]}])/g, '"$1"'));
  }
}

function value(metrics: string, name: string, model: string, version: number): number {
  for (const line of metrics.split("\n")) {
    if (!line.startsWith(`${name}{`)) continue;
    if (!line.includes(`model="${model}"`) || !line.includes(`version="${version}"`)) continue;
    return Number(line.slice(line.lastIndexOf(" ") + 1));
  }
  return 0;
}

function outputDifference(
  name: string,
  pairs: readonly { readonly before: Replayed["outputs"]; readonly after: Replayed["outputs"] }[],
): OutputDifference {
  const differing = pairs.filter(({ before, after }) => !equal(before?.[name], after?.[name]));
  const shapes = differing.find(({ before, after }) => !sameShape(before?.[name], after?.[name]));
  const largest = differing.flatMap(({ before, after }) => distance(before?.[name], after?.[name]) ?? []);
  return {
    name,
    differing: differing.length,
    ...(shapes === undefined
      ? {}
      : { shapes: { before: shapes.before?.[name]?.shape ?? [], after: shapes.after?.[name]?.shape ?? [] } }),
    ...(largest.length === 0 ? {} : { maxDifference: largest.reduce((most, one) => Math.max(most, one), 0) }),
  };
}

function distance(a: Tensor | undefined, b: Tensor | undefined): number | undefined {
  if (a === undefined || b === undefined || !sameShape(a, b)) return undefined;
  let most: number | undefined;
  for (const [index, one] of a.data.entries()) {
    const other = b.data[index];
    if (typeof one !== "number" || typeof other !== "number") continue;
    most = Math.max(most ?? 0, Math.abs(one - other));
  }
  return most;
}

function sameShape(a: Tensor | undefined, b: Tensor | undefined): boolean {
  return a !== undefined && b !== undefined && a.shape.join() === b.shape.join();
}

function equal(a: Tensor | undefined, b: Tensor | undefined): boolean {
  return sameShape(a, b) && a?.data.every((one, index) => one === b?.data[index]) === true;
}
