import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { confirmRemoval } from "../../cli/confirm.ts";
import { ProblemError } from "../../components/core/problem.ts";

const never = new AbortController().signal;
const goes = ["stacks prod-models", "cluster aws-use1 with its stores"];

function terminal(typed: string, isTTY = true) {
  const input = Object.assign(new PassThrough(), { isTTY });
  const output = new PassThrough();
  input.write(`${typed}\n`);
  return { input, output };
}

describe("a removal", () => {
  it("shows what will go, and goes on when the environment's name is typed", async () => {
    const asked = terminal("prod");
    await confirmRemoval("prod", goes, {}, never, asked);
    expect(String(asked.output.read())).toContain(
      "This removes:\n  stacks prod-models\n  cluster aws-use1 with its stores\n",
    );
  });

  it.each(["", "y", "yes", "prod-eu", "PROD"])("does not go on when %j is typed", async (typed) => {
    await expect(confirmRemoval("prod", goes, {}, never, terminal(typed))).rejects.toThrow(ProblemError);
  });

  it("does not go on where there is no terminal, and says what it would remove", async () => {
    await expect(confirmRemoval("prod", goes, {}, never, terminal("prod", false))).rejects.toThrow(
      "--yes: it removes stacks prod-models; cluster aws-use1 with its stores, and there is no terminal to ask on.",
    );
  });

  it("asks nothing with --yes", async () => {
    await confirmRemoval("prod", goes, { yes: true }, never, terminal("", false));
  });
});
