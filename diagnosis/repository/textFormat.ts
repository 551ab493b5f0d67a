/** A message in the text format of Protocol Buffers, before anything is known of its type. */
export interface TextMessage {
  /** In the order of the file. The items of a list are fields of the same name. */
  readonly fields: readonly TextField[];
}

/** One value of one field. */
export interface TextField {
  /** As it is written; an extension in its brackets. */
  readonly name: string;
  /** What it is set to. */
  readonly value: TextMessage | TextScalar;
  /** Where its name stands, counted from 1. */
  readonly at: Place;
  /** Where its value stands, counted from 1. */
  readonly valueAt: Place;
}

/** A value without fields. */
export interface TextScalar {
  /** What stands there: a string without quotes and escapes, a number, or a name such as `TYPE_FP32`. */
  readonly text: string;
  /** How it is written. */
  readonly kind: "string" | "number" | "name";
}

/** A place in a file. Both count from 1, as Triton's own messages do. */
export interface Place {
  /** The line. */
  readonly line: number;
  /** The column. */
  readonly column: number;
}

/** A text that is not in the format. */
export class TextFormatError extends Error {
  /** Where it ends to be so. */
  readonly at: Place;

  /** `message` says what was expected and what is there. */
  constructor(message: string, at: Place) {
    super(message);
    this.name = "TextFormatError";
    this.at = at;
  }
}

interface Token {
  readonly kind: "string" | "number" | "name" | "sign" | "end";
  readonly text: string;
  readonly at: Place;
}

/** How deep messages may be nested, as in protobuf's own parsers. */
const deepest = 100;

/**
 * Reads a message by the specification of the format (https://protobuf.dev/reference/protobuf/textformat-spec/), all of
 * it but the value of an `Any`.
 *
 * @throws TextFormatError at the first place that does not follow it
 */
export function parseTextFormat(text: string): TextMessage {
  const tokens = tokensOf(text);
  let next = 0;
  const peek = () => tokens[next] as Token;
  const take = () => tokens[next++] as Token;
  const isSign = (sign: string) => peek().kind === "sign" && peek().text === sign;
  const accept = (sign: string) => isSign(sign) && take() !== undefined;

  function message(end: string | undefined, depth: number): TextMessage {
    if (depth > deepest) throw new TextFormatError(`messages are nested deeper than ${deepest}.`, peek().at);
    const fields: TextField[] = [];
    while (end === undefined ? peek().kind !== "end" : !isSign(end)) {
      fields.push(...field(depth));
      if (!accept(",")) accept(";");
    }
    if (end !== undefined) take();
    return { fields };
  }

  function field(depth: number): TextField[] {
    const { at } = peek();
    const name = accept("[") ? extension() : expected("name", "the name of a field").text;
    const colon = accept(":");
    if (accept("[")) return list(name, at, depth);
    if (!colon && !isSign("{") && !isSign("<")) throw unexpected('":" or "{"');
    return [value(name, at, depth)];
  }

  function extension(): string {
    let name = "";
    while (!isSign("]")) {
      if (peek().kind === "end") throw unexpected('"]"');
      name += take().text;
    }
    take();
    return `[${name}]`;
  }

  function list(name: string, at: Place, depth: number): TextField[] {
    const items: TextField[] = [];
    if (accept("]")) return items;
    do items.push(value(name, at, depth));
    while (accept(","));
    if (!accept("]")) throw unexpected('"," or "]"');
    return items;
  }

  function value(name: string, at: Place, depth: number): TextField {
    const { at: valueAt } = peek();
    if (accept("{")) return { name, at, valueAt, value: message("}", depth + 1) };
    if (accept("<")) return { name, at, valueAt, value: message(">", depth + 1) };
    return { name, at, valueAt, value: scalar() };
  }

  function scalar(): TextScalar {
    const minus = accept("-") ? "-" : "";
    const { kind, text: first } = peek();
    if (kind === "sign" || kind === "end" || (minus !== "" && kind === "string")) throw unexpected("a value");
    take();
    let written = first;
    // Strings beside each other are one.
    while (kind === "string" && peek().kind === "string") written += take().text;
    return { kind, text: `${minus}${written}` };
  }

  function expected(kind: Token["kind"], what: string): Token {
    if (peek().kind !== kind) throw unexpected(what);
    return take();
  }

  function unexpected(what: string): TextFormatError {
    const { kind, text: found, at } = peek();
    return new TextFormatError(`expected ${what}, got ${kind === "end" ? "the end of the file" : `"${found}"`}.`, at);
  }

  return message(undefined, 0);
}

const white = /\s+|#[^\n]*/y;
const word = /[A-Za-z_][\w./-]*/y;
const digits = /(?:0[xX][\da-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fF]?)/y;
const quoted = /"(?:[^"\\\n]|\\[^\n])*"|'(?:[^'\\\n]|\\[^\n])*'/y;
const sign = /[[\]{}<>:,;-]/y;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at: Place = { line: 1, column: 1 };
  let index = 0;
  const read = (form: RegExp): string | undefined => {
    form.lastIndex = index;
    const found = form.exec(text)?.[0];
    if (found === undefined) return undefined;
    index += found.length;
    const lines = found.split("\n");
    const last = (lines.at(-1) ?? "").length;
    at = { line: at.line + lines.length - 1, column: lines.length === 1 ? at.column + last : last + 1 };
    return found;
  };
  for (;;) {
    while (read(white) !== undefined);
    const start = at;
    if (index >= text.length) return [...tokens, { kind: "end", text: "", at: start }];
    const name = read(word);
    const number = name === undefined ? read(digits) : undefined;
    const string = (name ?? number) === undefined ? read(quoted) : undefined;
    const mark = (name ?? number ?? string) === undefined ? read(sign) : undefined;
    if (name !== undefined) tokens.push({ kind: "name", text: name, at: start });
    else if (number !== undefined) tokens.push({ kind: "number", text: number, at: start });
    else if (string !== undefined) tokens.push({ kind: "string", text: unescaped(string), at: start });
    else if (mark !== undefined) tokens.push({ kind: "sign", text: mark, at: start });
    else if (/["']/.test(text[index] ?? "")) throw new TextFormatError("a string does not end on its line.", start);
    else throw new TextFormatError(`"${text[index]}" cannot stand here.`, start);
  }
}

const escapes: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** A string without its quotes. Bytes above 127 that are written as escapes become the characters of these numbers. */
function unescaped(literal: string): string {
  return literal
    .slice(1, -1)
    .replace(/\\(?:([0-7]{1,3})|[xX]([\da-fA-F]{1,2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([\s\S]))/g, (...groups) => {
      const [, octal, hex, short, long, other] = groups as (string | undefined)[];
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      const code = hex ?? short ?? long;
      if (code === undefined) return escapes[other ?? ""] ?? other ?? "";
      const point = Number.parseInt(code, 16);
      return point > 0x10_ff_ff ? "\ufffd" : String.fromCodePoint(point);
    });
}
