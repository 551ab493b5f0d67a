import fc from "fast-check";
import { SaxesParser } from "saxes";
import { expect, it } from "vitest";
import { planJunit } from "../../../plan/formats/planJunit.ts";
import { finding, findings, reportOf } from "./formatted.ts";

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly parent: string;
}

/** The elements as a parser finds them, which refuses what is no XML. */
function elementsOf(text: string): Element[] {
  const found: Element[] = [];
  const open: string[] = [];
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name, attributes }) => {
    found.push({ name, attributes: attributes as Record<string, string>, parent: open.at(-1) ?? "" });
    open.push(name);
  });
  parser.on("closetag", () => void open.pop());
  parser.write(text).close();
  return found;
}

it("fails for violations and expired exemptions, skips what is undetermined or exempted, and passes the rest", () => {
  const elements = elementsOf(planJunit(reportOf()));
  expect(elements[0]).toEqual({
    name: "testsuites",
    attributes: { name: "serin plan dev", tests: "8", failures: "2", errors: "0", skipped: "2" },
    parent: "",
  });
  const cases = elements.filter(({ name }) => name === "testcase");
  expect(cases).toHaveLength(8);
  expect(elements.filter(({ parent }) => parent === "testcase").map(({ name }) => name)).toEqual([
    "failure",
    "system-out",
    "skipped",
    "skipped",
    "system-out",
    "failure",
  ]);
  expect(elements.find(({ name }) => name === "failure")?.attributes).toEqual({ type: "high", message: "no digest." });
});

it("loads in a parser with the same message, whatever is said", () => {
  const allowed = ["a", " ", "<", ">", "&", '"', "'", "]]>", "<!--", "&amp;", "\t", "\n", "\u00e9", "\ud83d\ude00"];
  const refused = ["\u0000", "\u001b[31m", "\ufffe", "\ud83d", "\udc00"];
  const text = (...parts: string[]) => fc.array(fc.constantFrom(...parts)).map((some) => some.join(""));
  fc.assert(
    fc.property(text(...allowed), text(...allowed, ...refused), (message, other) => {
      const found = [finding({ message }), finding({ message: other }), ...findings];
      const failure = elementsOf(planJunit(reportOf(found))).find(({ name }) => name === "failure");
      // A tab in an attribute is a blank to a parser of XML.
      expect(failure?.attributes.message).toBe(message.replaceAll("\t", " "));
    }),
  );
});
