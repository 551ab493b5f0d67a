import { stackNameParts } from "../../components/core/stackName.ts";
import { nameIn, qualifiedType } from "../../engine/recordedResource.ts";
import type { Environment } from "../../stacks/environments/environment.ts";

/**
 * The line, from 1, on which what a resource comes from is declared in the text of its environment: the model, the
 * platform system or the cluster that the URN names. The nearest key around it, where the rest is declared elsewhere.
 */
export function declarationLine(text: string, environment: Environment, urn: string): number {
  const tokens = tokensOf(text);
  const start = tokens.findIndex(
    ({ text: key }, index) =>
      key === "name" && tokens[index + 1]?.text === ":" && tokens[index + 2]?.text === environment.name,
  );
  const lines = pathsOf(environment, urn).map((path) => lineOf(tokens, path));
  return lines.find((line) => line !== undefined) ?? tokens[start]?.line ?? 1;
}

/** Keys from the environment inwards, the most telling path first. */
function pathsOf({ clusters, platform, models }: Environment, urn: string): string[][] {
  const name = nameIn(urn);
  const [head = ""] = urn.split("::");
  const layer = stackNameParts(head.slice("urn:pulumi:".length))?.layer;
  const cluster = longest(Object.keys(clusters), (key) => name === key || name.startsWith(`${key}-`));
  const rest = cluster === undefined ? name : name.slice(cluster.length + 1);
  const model = longest(Object.keys(models), (key) => rest === key || rest.startsWith(`${key}-`));
  const component = /^serin:platform:(?<name>\w+)/.exec(qualifiedType(urn))?.groups?.name?.toLowerCase();
  const system = Object.keys(platform).find((key) => key.toLowerCase() === component);
  return [
    ...(model === undefined || layer === "platform" ? [] : [["models", model], ["models"]]),
    ...(system === undefined ? [] : [["platform", system], ["platform"]]),
    ...(cluster === undefined ? [] : [["clusters", cluster]]),
    [layer === "cluster" ? "clusters" : (layer ?? "clusters")],
  ];
}

function longest(keys: readonly string[], fits: (key: string) => boolean): string | undefined {
  return keys.filter(fits).sort((a, b) => b.length - a.length)[0];
}

interface Token {
  readonly text: string;
  readonly isQuoted: boolean;
  readonly line: number;
  /** How many brackets are open around it. */
  readonly depth: number;
}

/** Names, strings and marks of TypeScript; comments and blanks between them do not matter. */
const lexeme =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|[\p{L}_$][\p{L}\p{N}_$]*|[{}[\]():,]|\n/gu;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let depth = 0;
  for (const [found] of text.matchAll(lexeme)) {
    if (/^["'{}[\]():,\p{L}_$]/u.test(found)) {
      if (/^[}\])]$/.test(found)) depth -= 1;
      const isQuoted = /^["']/.test(found);
      tokens.push({ text: isQuoted ? found.slice(1, -1) : found, isQuoted, line, depth });
      if (/^[{[(]$/.test(found)) depth += 1;
    }
    line += found.split("\n").length - 1;
  }
  return tokens;
}

/** The line of a key inside the objects of the keys before it. Undefined: it is not written out here. */
function lineOf(tokens: readonly Token[], path: readonly string[]): number | undefined {
  let inside = tokens;
  let line: number | undefined;
  for (const [index, key] of path.entries()) {
    const keys = inside.filter((token, place) => isKey(token, key, inside[place - 1], inside[place + 1]));
    const depth = index === 0 ? Math.min(...keys.map((token) => token.depth)) : inside[0]?.depth;
    const found = keys.find((token) => token.depth === depth && token.depth > 0);
    if (found === undefined) return undefined;
    line = found.line;
    const after = inside.slice(inside.indexOf(found) + 1);
    const end = after.findIndex(
      ({ depth: there, text }) => there < found.depth || (there === found.depth && text === ","),
    );
    const value = end === -1 ? after : after.slice(0, end);
    inside = value.filter(({ depth: there }) => there > found.depth);
  }
  return line;
}

/** A key stands after a brace or a comma, and before a colon; without quotes it may be alone (`{ fraud }`). */
function isKey({ text, isQuoted }: Token, key: string, before: Token | undefined, after: Token | undefined): boolean {
  if (text !== key || (before !== undefined && !/^[{,]$/.test(before.text))) return false;
  return after?.text === ":" || (!isQuoted && (after === undefined || /^[,}]$/.test(after.text)));
}
