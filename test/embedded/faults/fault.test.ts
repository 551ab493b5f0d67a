import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ProblemError } from "../../../components/core/problem.ts";
import { type Fault, formatFaults, parseFaults } from "../../../embedded/faults/fault.ts";

describe("a fault expression", () => {
  it("reads each kind of fault", () => {
    expect(parseFaults("errors=1%")).toEqual([{ kind: "errors", share: 0.01 }]);
    expect(parseFaults("errors=100%")).toEqual([{ kind: "errors", share: 1 }]);
    expect(parseFaults("latency=+200ms")).toEqual([{ kind: "latency", addedMs: 200 }]);
    expect(parseFaults("score=+0.1")).toEqual([{ kind: "score", shift: 0.1 }]);
    expect(parseFaults("score=-0.1")).toEqual([{ kind: "score", shift: -0.1 }]);
    expect(parseFaults("crash")).toEqual([{ kind: "crash", afterRequests: 50 }]);
    expect(parseFaults("slow-start=60s")).toEqual([{ kind: "slowStart", delayMs: 60_000 }]);
    expect(parseFaults("timeouts=1%")).toEqual([{ kind: "timeouts", hangShare: 0.01 }]);
    expect(parseFaults("batch-errors=1%")).toEqual([{ kind: "batchErrors", burstShare: 0.01 }]);
    expect(parseFaults("4xx-burst=5%")).toEqual([{ kind: "refusals", refusedShare: 0.05 }]);
    expect(parseFaults("skewed-score=10%")).toEqual([{ kind: "skewedScore", skewedShare: 0.1 }]);
    expect(parseFaults("cold-start=30s")).toEqual([{ kind: "coldStart", coldMs: 30_000 }]);
    expect(parseFaults("bad-config,syntax-error,no-gpu").map(({ kind }) => kind)).toEqual([
      "badConfig",
      "syntaxError",
      "noGpu",
    ]);
    expect(parseFaults("pod-kill=30s")).toEqual([{ kind: "podKill", everyMs: 30_000 }]);
    expect(parseFaults("prometheus-outage=30s")).toEqual([{ kind: "prometheusOutage", outageMs: 30_000 }]);
  });

  it("reads several faults, in their order, with or without blanks", () => {
    expect(parseFaults(" latency=+1s, errors=0.5% ").map((fault) => fault.kind)).toEqual(["latency", "errors"]);
  });

  it("may begin later, if a version need not have it at its start", () => {
    expect(parseFaults("errors=1%@90s,pod-kill=30s@1m")).toEqual([
      { kind: "errors", share: 0.01, fromMs: 90_000 },
      { kind: "podKill", everyMs: 30_000, fromMs: 60_000 },
    ]);
    expect(formatFaults(parseFaults("crash@90s"))).toBe("crash@90s");
    expect(() => parseFaults("slow-start=60s@30s")).toThrow("it cannot begin later");
    expect(() => parseFaults("errors=1%@90")).toThrow('"90" is not a duration');
    expect(() => parseFaults("errors=1%@30s,errors=2%")).toThrow('"errors" is given more than once');
  });

  it("is empty if there is no fault", () => {
    expect(parseFaults("")).toEqual([]);
    expect(parseFaults("  ")).toEqual([]);
  });

  it("reads back what it writes", () => {
    const anyFaults = fc.uniqueArray(
      fc.oneof<fc.Arbitrary<Fault>[]>(
        fc.integer({ min: 1, max: 1000 }).map((n) => ({ kind: "errors", share: n / 1000 })),
        fc.integer({ min: 1, max: 30_000 }).map((addedMs) => ({ kind: "latency", addedMs })),
        fc
          .integer({ min: -500, max: 500 })
          .filter((n) => n !== 0)
          .map((n) => ({ kind: "score", shift: n / 1000 })),
        fc.constant({ kind: "crash", afterRequests: 50 }),
        fc.integer({ min: 1000, max: 600_000 }).map((delayMs) => ({ kind: "slowStart", delayMs })),
        fc.integer({ min: 1, max: 1000 }).map((n) => ({ kind: "timeouts", hangShare: n / 1000 })),
        fc.integer({ min: 1, max: 1000 }).map((n) => ({ kind: "batchErrors", burstShare: n / 1000 })),
        fc.integer({ min: 1, max: 1000 }).map((n) => ({ kind: "refusals", refusedShare: n / 1000 })),
        fc.integer({ min: 1, max: 1000 }).map((n) => ({ kind: "skewedScore", skewedShare: n / 1000 })),
        fc.integer({ min: 1000, max: 600_000 }).map((coldMs) => ({ kind: "coldStart", coldMs })),
        fc.constantFrom({ kind: "badConfig" }, { kind: "syntaxError" }, { kind: "noGpu" }),
        fc.integer({ min: 5000, max: 600_000 }).map((everyMs) => ({ kind: "podKill", everyMs })),
        fc.integer({ min: 1000, max: 45_000 }).map((outageMs) => ({ kind: "prometheusOutage", outageMs })),
      ),
      { selector: (fault) => fault.kind },
    );
    fc.assert(
      fc.property(anyFaults, (faults) => {
        expect(parseFaults(formatFaults(faults))).toEqual(faults);
      }),
    );
  });

  it("is read, or refused with problems that each have a fix, whatever the text is", () => {
    const words = fc.constantFrom(
      "errors",
      "latency",
      "score",
      "crash",
      "slow-start",
      "=",
      ",",
      "+",
      "1%",
      "0.1",
      "5s",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(words).map((parts) => parts.join("")),
        ),
        (text) => {
          try {
            parseFaults(text);
          } catch (error) {
            expect(error).toBeInstanceOf(ProblemError);
            for (const problem of (error as ProblemError).problems) expect(problem.fix).toBeTruthy();
          }
        },
      ),
    );
  });
});

describe("a wrong fault expression", () => {
  const problemsOf = (text: string): string => {
    try {
      parseFaults(text);
    } catch (error) {
      if (error instanceof ProblemError) return error.message;
    }
    throw new Error(`"${text}" was taken`);
  };

  it("names the nearest fault", () => {
    expect(problemsOf("error=1%")).toContain('Did you mean "errors"?');
    expect(problemsOf("slowstart=60s")).toContain('Did you mean "slow-start"?');
  });

  it("lists everything that is wrong at once", () => {
    const message = problemsOf("errors=1,latency=200ms,score=0.1,crash=5,slow-start=1h");
    for (const name of ["errors", "latency", "score", "crash", "slow-start"]) {
      expect(message).toContain(`--fault ${name}:`);
    }
  });

  it("shows the right form of each fault", () => {
    expect(problemsOf("latency=200ms")).toContain('Write "latency=+200ms".');
    expect(problemsOf("score=0.1")).toContain('Write "score=+0.1".');
    expect(problemsOf("errors")).toContain("is not a percentage");
    expect(problemsOf("score=+0")).toContain("must change the score");
  });

  it("may be a share outside 0% to 100%, a value without effect, a repeated fault or an empty one", () => {
    expect(problemsOf("errors=0%")).toContain("is not between 0% and 100%");
    expect(problemsOf("errors=101%")).toContain("is not between 0% and 100%");
    expect(problemsOf("latency=+0ms")).toContain("below 1ms");
    expect(problemsOf("errors=1%,errors=2%")).toContain('"errors" is given more than once');
    expect(problemsOf("crash,,errors=1%")).toContain("no fault between two commas");
  });

  it("names the place where it was written", () => {
    expect(() => parseFaults("x", "annotation rehearsal.serin.dev/fault")).toThrow(
      "annotation rehearsal.serin.dev/fault",
    );
  });
});
