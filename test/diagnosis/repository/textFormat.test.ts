import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseTextFormat, TextFormatError, type TextMessage } from "../../../diagnosis/repository/textFormat.ts";

/** A message without its places: names, and values as they are written. */
type Plain = readonly (readonly [string, string | Plain])[];

function plain({ fields }: TextMessage): Plain {
  return fields.map(({ name, value }) => [name, "fields" in value ? plain(value) : `${value.kind} ${value.text}`]);
}

const read = (text: string): Plain => plain(parseTextFormat(text));

it("reads what the specification has: lists, both brackets, comments, separators, strings side by side", () => {
  expect(read("a: 1, b { c: \"x\" 'y' } # no\nd < e: -2.5e3f; f: TYPE_FP32 >\n[x.y/z]: true g: [1, 2] h: []")).toEqual([
    ["a", "number 1"],
    ["b", [["c", "string xy"]]],
    [
      "d",
      [
        ["e", "number -2.5e3f"],
        ["f", "name TYPE_FP32"],
      ],
    ],
    ["[x.y/z]", "name true"],
    ["g", "number 1"],
    ["g", "number 2"],
  ]);
  expect(read('i [ { k: 1 }, < k: 2 > ] s: "\\x41\\101\\n\\"\\u00e9"')).toEqual([
    ["i", [["k", "number 1"]]],
    ["i", [["k", "number 2"]]],
    ["s", 'string AA\n"é'],
  ]);
  expect(read("# nothing\n")).toEqual([]);
});

it.each([
  ["input [\n  { name: 1 }\n", "3:1", 'expected "," or "]", got the end of the file.'],
  ['input [ {\n  { name: "x" } }', "2:3", 'expected the name of a field, got "{".'],
  ["a 1", "1:3", 'expected ":" or "{", got "1".'],
  ["a: }", "1:4", 'expected a value, got "}".'],
  ["a: 'x\n'", "1:4", "a string does not end on its line."],
  ["a: 1 % 2", "1:6", '"%" cannot stand here.'],
  ["a: - 'x'", "1:6", 'expected a value, got "x".'],
  ["a { ".repeat(102), "1:405", "messages are nested deeper than 100."],
])("says where %j is no text format", (text, at, message) => {
  try {
    parseTextFormat(text);
    expect.unreachable();
  } catch (error) {
    if (!(error instanceof TextFormatError)) throw error;
    expect(`${error.at.line}:${error.at.column}`).toBe(at);
    expect(error.message).toBe(message);
  }
});

describe("for any message", () => {
  const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/);
  const scalar = fc.oneof(
    fc.string({ unit: "binary" }).map((text) => `string ${text}`),
    fc.integer().map((number) => `number ${number}`),
    name.map((text) => `name ${text}`),
  );
  const { message } = fc.letrec<{ message: Plain }>((tie) => ({
    message: fc.array(fc.tuple(name, fc.oneof({ maxDepth: 3, withCrossShrink: true }, scalar, tie("message"))), {
      maxLength: 4,
    }),
  }));
  const space = fc.constantFrom(" ", "\n", "\t", ' # a comment: { "\n', " ; ", " , ");

  function written(value: string | Plain, gap: string): string {
    if (typeof value !== "string") return `{${value.map((field) => pair(field, gap)).join(gap)}}`;
    const [kind, ...text] = value.split(" ");
    return kind === "string" ? quotedText(text.join(" ")) : text.join(" ");
  }
  const pair = ([field, value]: Plain[number], gap: string): string => `${field}: ${written(value, gap)}`;
  const quotedText = (text: string): string =>
    `"${[...text].map((one) => `\\U${(one.codePointAt(0) ?? 0).toString(16).padStart(8, "0")}`).join("")}"`;

  it("reads back what is written, whatever stands between its fields", () => {
    fc.assert(
      fc.property(message, space, (fields, gap) => {
        expect(read(fields.map((field) => pair(field, gap)).join(gap))).toEqual(fields);
      }),
    );
  });

  it("reads any text or says where it is wrong, and never hangs or throws something else", () => {
    const piece = fc.constantFrom(
      "a",
      ":",
      "{",
      "}",
      "[",
      "]",
      "<",
      ">",
      ",",
      ";",
      "-",
      '"',
      "'",
      "\\",
      "#",
      "\n",
      "1",
      ".",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        try {
          parseTextFormat(pieces.join(""));
        } catch (error) {
          expect(error).toBeInstanceOf(TextFormatError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
