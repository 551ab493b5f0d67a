import { parser } from "@prometheus-io/lezer-promql";

/**
 * An evaluator of the PromQL that verdicts are written in, over series that a test makes up. It follows Prometheus 3.5
 * where the verdicts could tell: instant vectors look back 5 minutes and see stale markers, windows are open on the left,
 * a subquery's steps are multiples of its step, arithmetic drops the metric's name. What it does not know it refuses.
 */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Time in seconds and value, in order; no value is a stale marker. */
  readonly samples: readonly (readonly [number, number | undefined])[];
}

/** A query as a tree that a test may change before it evaluates it. */
export type Expression =
  | { kind: "number"; value: number }
  | { kind: "text"; value: string }
  | { kind: "selector"; matchers: Matcher[]; range?: number; offset?: number; atEnd?: boolean }
  | { kind: "subquery"; of: Expression; range: number; step: number }
  | { kind: "call"; name: string; of: Expression[] }
  | { kind: "aggregate"; name: string; of: Expression }
  | {
      kind: "binary";
      operator: string;
      bool: boolean;
      on?: string[];
      groupLeft: boolean;
      of: [Expression, Expression];
    };

interface Matcher {
  label: string;
  operator: string;
  value: string;
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

type Value = number | Sample[];

const lookback = 300;

interface Node {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly firstChild: Node | null;
  readonly nextSibling: Node | null;
}

function children(node: Node): Node[] {
  const found: Node[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) found.push(child);
  return found;
}

/** The query's tree; an error where it is not well-formed or has what the evaluator does not know. */
export function parse(query: string): Expression {
  const text = (node: Node) => query.slice(node.from, node.to);
  const unknown = (node: Node): never => {
    throw new Error(`The evaluator does not know ${node.name}: ${text(node).slice(0, 200)}`);
  };
  const only = (node: Node): Expression => {
    const [first, ...others] = children(node);
    return first === undefined || others.length > 0 ? unknown(node) : build(first);
  };
  const selector = (node: Node): Extract<Expression, { kind: "selector" }> => {
    const built = build(node);
    return built.kind === "selector" ? built : unknown(node);
  };
  const build = (node: Node): Expression => {
    const parts = children(node);
    const part = (index: number): Node => parts[index] ?? unknown(node);
    switch (node.name) {
      case "PromQL":
      case "ParenExpr":
        return only(node);
      case "NumberDurationLiteral":
        return { kind: "number", value: Number(text(node)) };
      case "UnaryExpr": {
        const value = build(part(1));
        if (text(part(0)) !== "-" || value.kind !== "number") return unknown(node);
        return { kind: "number", value: -value.value };
      }
      case "StringLiteral":
        return { kind: "text", value: JSON.parse(text(node)) as string };
      case "VectorSelector":
        return { kind: "selector", matchers: parts.flatMap((child) => matchers(child)) };
      case "MatrixSelector":
        return { ...selector(part(0)), range: seconds(text(part(1))) };
      case "OffsetExpr":
        return { ...selector(part(0)), offset: seconds(text(part(2))) };
      case "StepInvariantExpr":
        if (text(part(2)) !== "end") return unknown(node);
        return { ...selector(part(0)), atEnd: true };
      case "SubqueryExpr":
        return { kind: "subquery", of: build(part(0)), range: seconds(text(part(1))), step: seconds(text(part(2))) };
      case "FunctionCall":
        return { kind: "call", name: text(part(0)), of: children(part(1)).map(build) };
      case "AggregateExpr":
        if (parts.length !== 2) return unknown(node);
        return { kind: "aggregate", name: text(part(0)), of: only(part(1)) };
      case "BinaryExpr": {
        const modifier = parts.find(({ name }) => name === "MatchingModifierClause");
        const labels =
          modifier === undefined ? undefined : children(modifier).find(({ name }) => name === "GroupingLabels");
        if (modifier !== undefined && !text(modifier).startsWith("on")) return unknown(node);
        return {
          kind: "binary",
          operator: text(part(1)),
          bool: parts.some(({ name }) => name === "BoolModifier"),
          ...(labels === undefined ? {} : { on: children(labels).map(text) }),
          groupLeft: modifier !== undefined && text(modifier).includes("group_left"),
          of: [build(part(0)), build(parts.at(-1) ?? unknown(node))],
        };
      }
      default:
        return unknown(node);
    }
  };
  const matchers = (node: Node): Matcher[] => {
    if (node.name === "Identifier") return [{ label: "__name__", operator: "=", value: text(node) }];
    return children(node).map((matcher) => {
      const [label, operator, value] = children(matcher);
      if (label === undefined || operator === undefined || value === undefined) return unknown(matcher);
      return { label: text(label), operator: text(operator), value: JSON.parse(text(value)) as string };
    });
  };
  return build(parser.parse(query).topNode as unknown as Node);
}

function seconds(duration: string): number {
  const found = /^(\d+)([smh])$/.exec(duration);
  if (found === null) throw new Error(`The evaluator does not know the duration ${duration}`);
  return Number(found[1]) * { s: 1, m: 60, h: 3_600 }[found[2] as "s" | "m" | "h"];
}

type Evaluated = (time: number, end: number) => Value;

/** What the query returns at a time, over these series. */
export function evaluate(query: string | Expression, series: readonly Series[], time: number): Sample[] {
  const found = compile(typeof query === "string" ? parse(query) : query, series)(time, time);
  return typeof found === "number" ? [{ labels: {}, value: found }] : found;
}

function compile(expression: Expression, series: readonly Series[]): Evaluated {
  switch (expression.kind) {
    case "number":
      return () => expression.value;
    case "selector":
      if (expression.range !== undefined) throw new Error("A range vector is no value.");
      return instant(expression, matching(expression.matchers, series));
    case "call":
      return call(expression, series);
    case "aggregate": {
      const inner = compile(expression.of, series);
      return (time, end) => {
        const values = vector(inner(time, end)).map(({ value }) => value);
        if (values.length === 0) return [];
        const sum = values.reduce((all, one) => all + one, 0);
        if (expression.name === "max") return [{ labels: {}, value: Math.max(...values) }];
        if (expression.name === "sum") return [{ labels: {}, value: sum }];
        if (expression.name === "avg") return [{ labels: {}, value: sum / values.length }];
        throw new Error(`The evaluator does not know ${expression.name}`);
      };
    }
    case "binary": {
      const [left, right] = expression.of.map((side) => compile(side, series)) as [Evaluated, Evaluated];
      return (time, end) => binary(expression, left(time, end), right(time, end));
    }
    default:
      throw new Error(`The evaluator does not know ${expression.kind} here`);
  }
}

function vector(value: Value): Sample[] {
  if (typeof value === "number") throw new Error("A scalar where a vector is needed.");
  return value;
}

function matching(matchers: readonly Matcher[], series: readonly Series[]): Series[] {
  const patterns = matchers.map(({ label, operator, value }) => {
    const pattern = operator.endsWith("~") ? new RegExp(`^(?:${value})$`) : undefined;
    return (labels: Series["labels"]) => {
      const found = labels[label] ?? "";
      return (pattern === undefined ? found === value : pattern.test(found)) === operator.startsWith("=");
    };
  });
  return series.filter(({ labels }) => patterns.every((matches) => matches(labels)));
}

function instant(
  { offset = 0, atEnd = false }: { offset?: number; atEnd?: boolean },
  series: readonly Series[],
): Evaluated {
  return (time, end) => {
    const at = (atEnd ? end : time) - offset;
    return series.flatMap(({ labels, samples }) => {
      const last = samples.findLast(([when]) => when <= at);
      return last === undefined || last[0] <= at - lookback || last[1] === undefined
        ? []
        : [{ labels, value: last[1] }];
    });
  };
}

/** Values of a range vector, by series: of samples, or of a subquery's steps. */
function windowed(expression: Expression | undefined, series: readonly Series[]) {
  if (expression?.kind === "selector" && expression.range !== undefined) {
    const { range, offset = 0, atEnd = false } = expression;
    const found = matching(expression.matchers, series);
    return (time: number, end: number) => {
      const at = (atEnd ? end : time) - offset;
      return found.flatMap(({ labels, samples }) => {
        const values = samples.flatMap(([when, value]) =>
          when > at - range && when <= at && value !== undefined ? [value] : [],
        );
        return values.length === 0 ? [] : [{ labels, values }];
      });
    };
  }
  if (expression?.kind === "subquery") {
    const { range, step } = expression;
    const inner = compile(expression.of, series);
    return (time: number, end: number) => {
      const found = new Map<string, { labels: Series["labels"]; values: number[] }>();
      for (let at = (Math.floor((time - range) / step) + 1) * step; at <= time; at += step) {
        for (const { labels, value } of vector(inner(at, end))) {
          const key = signature(labels);
          const there = found.get(key);
          if (there === undefined) found.set(key, { labels, values: [value] });
          else there.values.push(value);
        }
      }
      return [...found.values()];
    };
  }
  throw new Error("A range vector is needed.");
}

function call({ name, of }: Extract<Expression, { kind: "call" }>, series: readonly Series[]): Evaluated {
  if (name === "last_over_time" || name === "sum_over_time") {
    const values = windowed(of[0], series);
    return (time, end) =>
      values(time, end).map(({ labels, values }) =>
        name === "last_over_time"
          ? { labels, value: values.at(-1) as number }
          : { labels: unnamed(labels), value: values.reduce((sum, one) => sum + one, 0) },
      );
  }
  if (name === "label_replace") {
    const inner = compile(of[0] as Expression, series);
    const [label, value, source] = of.slice(1).map((one) => (one.kind === "text" ? one.value : undefined));
    if (label === undefined || value === undefined || source !== "") throw new Error("label_replace with a source");
    return (time, end) =>
      vector(inner(time, end)).map((one) => ({ ...one, labels: { ...one.labels, [label]: value } }));
  }
  const [first, ...others] = of.map((one) => compile(one, series));
  if (first === undefined) throw new Error(`${name} of nothing`);
  if (name === "vector") return (time, end) => [{ labels: {}, value: first(time, end) as number }];
  const bounds = (time: number, end: number) => others.map((one) => one(time, end) as number);
  const mapped =
    (change: (value: number, bounds: number[]) => number): Evaluated =>
    (time, end) =>
      vector(first(time, end)).map(({ labels, value }) => ({
        labels: unnamed(labels),
        value: change(value, bounds(time, end)),
      }));
  switch (name) {
    case "ln":
      return mapped(Math.log);
    case "exp":
      return mapped((value) => Math.exp(value));
    case "clamp_min":
      return mapped((value, [min]) => Math.max(min as number, value));
    case "clamp_max":
      return mapped((value, [max]) => Math.min(max as number, value));
    case "clamp":
      return mapped((value, [min, max]) => Math.max(min as number, Math.min(max as number, value)));
    default:
      throw new Error(`The evaluator does not know ${name}`);
  }
}

function unnamed({ __name__: _, ...labels }: Series["labels"]): Series["labels"] {
  return labels;
}

function signature(labels: Series["labels"], on?: readonly string[]): string {
  const names = on ?? Object.keys(labels).filter((name) => name !== "__name__");
  return JSON.stringify([...names].sort().map((name) => [name, labels[name] ?? ""]));
}

const arithmetic: Record<string, (left: number, right: number) => number> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
  "^": (left, right) => left ** right,
};

const comparisons: Record<string, (left: number, right: number) => boolean> = {
  ">": (left, right) => left > right,
  "<": (left, right) => left < right,
  ">=": (left, right) => left >= right,
  "<=": (left, right) => left <= right,
};

function binary(
  { operator, bool, on, groupLeft }: Extract<Expression, { kind: "binary" }>,
  left: Value,
  right: Value,
): Value {
  if (operator === "and" || operator === "or" || operator === "unless") return combined(operator, on, left, right);
  const compare = comparisons[operator];
  const compute = arithmetic[operator];
  const result = (labels: Series["labels"], one: number, other: number): Sample[] => {
    if (compute !== undefined) return [{ labels: unnamed(labels), value: compute(one, other) }];
    if (compare === undefined) throw new Error(`The evaluator does not know ${operator}`);
    const holds = compare(one, other);
    if (bool) return [{ labels: unnamed(labels), value: holds ? 1 : 0 }];
    return holds ? [{ labels, value: typeof left === "number" ? other : one }] : [];
  };
  if (typeof left === "number" && typeof right === "number") {
    if (compute === undefined) throw new Error("Scalars are not compared.");
    return compute(left, right);
  }
  if (typeof left === "number") return vector(right).flatMap(({ labels, value }) => result(labels, left, value));
  if (typeof right === "number") return left.flatMap(({ labels, value }) => result(labels, value, right));
  const others = new Map<string, number>();
  for (const { labels, value } of right) {
    const key = signature(labels, on);
    if (others.has(key)) throw new Error(`Several series on the right of ${operator}: ${key}`);
    others.set(key, value);
  }
  const seen = new Set<string>();
  return left.flatMap(({ labels, value }) => {
    const key = signature(labels, on);
    const other = others.get(key);
    if (other === undefined) return [];
    if (!groupLeft && seen.has(key)) throw new Error(`Several series on the left of ${operator}: ${key}`);
    seen.add(key);
    const kept =
      on === undefined || groupLeft ? labels : Object.fromEntries(on.map((name) => [name, labels[name] ?? ""]));
    return result(kept, value, other);
  });
}

function combined(
  operator: "and" | "or" | "unless",
  on: readonly string[] | undefined,
  left: Value,
  right: Value,
): Sample[] {
  const keys = (samples: Sample[]) => new Set(samples.map(({ labels }) => signature(labels, on)));
  const [these, those] = [vector(left), vector(right)];
  if (operator === "or") {
    const there = keys(these);
    return [...these, ...those.filter(({ labels }) => !there.has(signature(labels, on)))];
  }
  const there = keys(those);
  return these.filter(({ labels }) => there.has(signature(labels, on)) === (operator === "and"));
}
