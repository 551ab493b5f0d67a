import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ESLint } from "eslint";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const eslint = new ESLint({ cwd: root });

/** The rules that a file of a room breaks, with the line. */
async function problems(text: string): Promise<string[]> {
  const [result] = await eslint.lintText(text, { filePath: join(root, "components/core/example.ts") });
  return (result?.messages ?? []).map(({ line, ruleId, message }) => `${line} ${ruleId ?? message}`);
}

describe("npm run lint", () => {
  it("accepts exports and fields that have doc comments", async () => {
    const text = `/** A pool. */
export interface Pool {
  /** How many nodes, 0 to 100. */
  readonly nodes: number;
}
`;
    expect(await problems(text)).toEqual([]);
  });

  it.each([
    ["an interface", "export interface Pool {}", 1],
    ["a type", "export type Pool = string;", 1],
    ["a class", "export class Pool {}", 1],
    ["a function", "export function pool() {}", 1],
    ["a constant", "export const pool = 1;", 1],
    ["a field of an interface", "/** A pool. */\nexport interface Pool {\n  readonly nodes: number;\n}", 3],
    ["a field of a type", "/** A pool. */\nexport type Pool = {\n  readonly nodes: number;\n};", 3],
    ["a field of a class", "/** A pool. */\nexport class Pool {\n  readonly nodes = 1;\n}", 3],
    ["a method", "/** A pool. */\nexport class Pool {\n  grow(): void {}\n}", 3],
  ])("refuses %s without a doc comment", async (_what, text, line) => {
    expect(await problems(`${text}\n`)).toEqual([`${line} jsdoc/require-jsdoc`]);
  });

  it("asks for none where a field tells the members of a union apart, and of what is private", async () => {
    const text = `/** How nodes are bought. */
export type Purchase =
  /** At the list price. */
  { readonly kind: "onDemand" };

/** A pool. */
export class Pool {
  readonly #nodes = 1;
  private readonly name = "l4";
}
`;
    expect(await problems(text)).toEqual([]);
  });

  it("refuses a comment beyond 120 columns", async () => {
    expect(await problems(`// ${"word ".repeat(25)}\n`)).toEqual(["1 stylistic/max-len"]);
  });
});
