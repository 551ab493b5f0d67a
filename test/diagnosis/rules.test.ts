import { describe, expect, it } from "vitest";
import { diagnose } from "../../diagnosis/diagnose.ts";
import { findingsText } from "../../diagnosis/findingText.ts";
import { rules } from "../../diagnosis/rules/rules.ts";
import { broken, healthy, recorded, rollout } from "./evidence.fixture.ts";
import { recovered, samples, unexplained, young } from "./samples.fixture.ts";

describe("of what programs say of a fault, the first thing named is its cause", () => {
  it.each(samples.map((sample) => [sample.rule, sample.cause, sample] as const))("%s: %s", (rule, cause, sample) => {
    const [first] = diagnose(sample.evidence);
    expect({ rule: first?.rule, cause: first?.cause, final: first?.final }).toEqual({
      rule,
      cause,
      final: sample.final ?? false,
    });
    expect(first?.evidence.length).toBeGreaterThan(0);
    expect(`${first?.change} ${first?.next}`).not.toMatch(/<(kubectl|namespace|pod|model|url|host)>/);
  });
});

it("every rule has a sample, a name of its own, and an end to its sentences", () => {
  const found = new Set(samples.map(({ rule }) => rule));
  expect(rules.map(({ name }) => name).filter((name) => !found.has(name))).toEqual([]);
  expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
  for (const { change, sign, title } of rules) {
    expect(change).toMatch(/[.:)>\w`]$/);
    expect(title).toMatch(/^[\w/`]/);
    expect(sign).not.toBe("");
  }
});

it("nothing is wrong with a model that serves, nor with events of before", () => {
  expect(diagnose(healthy)).toEqual([]);
  expect(diagnose(recovered)).toEqual([]);
  expect(diagnose(young)).toEqual([]);
});

it("what no rule knows is said to be unknown, with what was looked at", () => {
  expect(diagnose(unexplained)).toMatchObject([
    {
      rule: "unknown",
      cause:
        "Container triton of fraud-7c9b-vwxyz ended with exit code 3, 2 restarts, and nothing that is known says why.",
      evidence: [
        "fraud-7c9b-vwxyz container triton: CrashLoopBackOff back-off 10s",
        "fraud-7c9b-vwxyz log: Segfault? no: exit at once",
      ],
      next: "kubectl logs -n models fraud-7c9b-vwxyz -c triton",
      final: true,
    },
  ]);
});

it("what follows from a fault is said after it, and does not hide it", () => {
  const request = {
    url: "http://10.0.0.1/",
    host: "fraud.models.example.com",
    status: 503,
    body: "no healthy upstream",
  };
  const found = diagnose(broken(recorded("python-syntax"), { request }));
  expect(found.map(({ rule, follows }) => `${rule} ${follows}`)).toEqual([
    "python-syntax false",
    "no-healthy-upstream true",
    "nothing-loaded true",
  ]);
});

it("what does not answer because it does not run follows from that", () => {
  const prometheus = { address: "http://127.0.0.1:9090", error: "timeout", targets: [], allTargets: 0 };
  const stopped = {
    name: "prometheus",
    does: "no release is decided",
    object: "process prometheus",
    ready: 0,
    wanted: 1,
    message: "",
  };
  const found = diagnose({ ...healthy, prometheus, controllers: [stopped] });
  expect(found.map(({ rule, follows }) => `${rule} ${follows}`)).toEqual([
    "controller-down false",
    "prometheus-unreachable true",
  ]);
});

it("a change that was made a moment ago may well not be seen yet", () => {
  const changedAt = new Date(Date.parse(healthy.at) - 5_000).toISOString();
  expect(diagnose({ ...healthy, rollout: { ...rollout, observed: false, changedAt } })).toEqual([]);
});

it("pods that fail for the same reason are one finding", () => {
  const evidence = broken(recorded("python-syntax"));
  const [pod] = evidence.pods;
  if (pod === undefined) throw new Error("no pod");
  const [first] = diagnose({ ...evidence, pods: [pod, { ...pod, name: "fraud-7c9b-other" }] });
  expect(first?.about).toEqual(["fraud-7c9b-vwxyz", "fraud-7c9b-other"]);
  expect(first?.evidence).toHaveLength(2);
});

it("nobody adds a node to one machine, so a pod without one waits in vain there", () => {
  const sample = samples.find(({ rule }) => rule === "no-gpu");
  if (sample === undefined) throw new Error("no sample");
  expect(diagnose({ ...sample.evidence, embedded: true })[0]?.final).toBe(true);
});

it("a person reads cause, evidence, change and command, at 80 columns but for the command", () => {
  const text = findingsText(diagnose(broken(recorded("python-syntax"))), 80);
  expect(text).toMatchInlineSnapshot(`
    "  certain   model.py does not compile: SyntaxError: expected ':' (model.py, line
                13).
      seen      fraud-7c9b-vwxyz log: failed to load 'fraud' version 1: Internal:
                SyntaxError: expected ':' (model.py, line 13)
      change    Correct that line. Before the next try: python3 -m py_compile
                model.py
      next      kubectl logs -n models fraud-7c9b-vwxyz -c triton

      follows   Triton ended: Internal - failed to load all models."
  `);
  for (const line of text.split("\n").filter((one) => !one.startsWith("  next")))
    expect(line.length).toBeLessThanOrEqual(80);
});
