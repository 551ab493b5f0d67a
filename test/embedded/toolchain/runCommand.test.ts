import { describe, expect, it } from "vitest";
import { runCommand } from "../../../embedded/toolchain/runCommand.ts";
import { program, temporaryFolder } from "./fixtures.ts";

describe("a program that is run", () => {
  it("gives what it printed, and each line as it comes", async () => {
    const lines: string[] = [];
    const both = program(temporaryFolder(), "both", "echo out; sleep 0.05; echo err >&2");
    expect(await runCommand(both, [], { onLine: (line) => lines.push(line) })).toEqual({
      stdout: "out",
      all: "out\nerr",
    });
    expect(lines).toEqual(["out", "err"]);
  });

  it("that fails is reported with its command and its last lines", async () => {
    const broken = program(temporaryFolder(), "broken", "for line in 1 2 3 4 5 6; do echo line $line; done; exit 7");
    await expect(runCommand(broken, ["build", "-v", "./cmd"])).rejects.toThrow(
      `${broken} build -v ended with code 7: line 3\nline 4\nline 5\nline 6`,
    );
    expect((await runCommand(broken, [], { mayFail: true })).all).toContain("line 1");
  });

  it("that is not there is reported by name", async () => {
    await expect(runCommand("no-such-program", [])).rejects.toThrow("no-such-program is not on PATH");
  });

  it("is ended with everything it started when its time is up", async () => {
    const slow = program(temporaryFolder(), "slow", "sleep 60 & sleep 60");
    const start = performance.now();
    await expect(runCommand(slow, [], { timeoutMs: 100 })).rejects.toThrow("was ended by SIGKILL");
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it("is not started once the run is interrupted", async () => {
    await expect(runCommand("true", [], { signal: AbortSignal.abort(new Error("interrupted")) })).rejects.toThrow(
      "interrupted",
    );
  });
});
