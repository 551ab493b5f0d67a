import { describe, expect, it } from "vitest";
import { eventLine } from "../../cli/embeddedStep.ts";

const tool = { kind: "tool", tool: "kubernetes", elapsedMs: 0, how: "Go module k8s.io/kubernetes v1.35.4" } as const;

describe("what serin up says of a tool", () => {
  it("is what is built, what for and how long that takes", () => {
    const attempt = {
      kind: "build",
      purpose: "the API server, the controllers and the scheduler",
      seconds: 420,
    } as const;
    expect(eventLine({ ...tool, state: "started", attempt })).toBe(
      "kubernetes, for the API server, the controllers and the scheduler: is built from Go module k8s.io/kubernetes v1.35.4, once for this user, about 7 min on two idle processors",
    );
  });

  it("has no time of a download, which depends on the network", () => {
    const attempt = { kind: "download", purpose: "the simulated nodes" } as const;
    expect(eventLine({ ...tool, tool: "kwok", how: "release v0.7.0", state: "started", attempt })).toBe(
      "kwok, for the simulated nodes: is downloaded from release v0.7.0, once for this user",
    );
  });

  it("is how long it has taken, and nothing of one that is there", () => {
    expect(eventLine({ ...tool, state: "done", elapsedMs: 401_000 })).toBe(
      "kubernetes done, Go module k8s.io/kubernetes v1.35.4 (401 s)",
    );
    expect(eventLine({ ...tool, state: "cached" })).toBeUndefined();
  });
});
