import { expect, it } from "vitest";
import { printable } from "../../cli/printable.ts";

it.each([
  ["a colour", "\u001b[31mred\u001b[0m", "\u001b[31mred\u001b[0m"],
  ["lines and tabs, in any script", "a\n\tb — ü 模型\n", "a\n\tb — ü 模型\n"],
  ["a move of the cursor", "ok\u001b[2K\u001b[1Afake", "ok[2K[1Afake"],
  ["the title of the window", "\u001b]0;x\u0007y", "]0;xy"],
  ["a line that overwrites itself", "failed\rpassed", "failedpassed"],
  ["controls of eight bits", "a\u009b2Jb\u0000\u007f", "a2Jb"],
])("%s", (_, text, shown) => {
  expect(printable(text)).toBe(shown);
});
