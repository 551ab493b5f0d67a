import { describe, expect, it } from "vitest";
import { exitCodes, ProblemError } from "../../../components/core/problem.ts";
import { type ActionOptions, plannedAction } from "../../../rehearsal/cluster/releaseActions.ts";
import { previousRevision, type ReleaseView, type Revision } from "../../../rehearsal/cluster/releaseView.ts";
import type { ReleaseVerb } from "../../../stacks/environments/releaseVerbs.ts";

const revision = (number: number, more: Partial<Revision> = {}): Revision => ({
  hash: `hash${number}`,
  number,
  version: String(number),
  createdAt: `2026-01-0${number}T00:00:00.000Z`,
  pods: 3,
  available: 3,
  refused: false,
  template: { spec: { containers: [] } },
  ...more,
});

/** Version 2 has 20 % of the traffic and is being analysed there. */
const releasing: ReleaseView = {
  rollout: {
    name: "fraud",
    version: "2",
    phase: "Progressing",
    message: "",
    aborted: false,
    inconclusive: false,
    stableHash: "hash1",
    currentHash: "hash2",
    replicas: 3,
    readyReplicas: 6,
    observed: true,
    step: 3,
    stepWeights: [5, 5, 20, 20, 50, 50, 100],
  },
  resourceVersion: "41",
  uid: "uid",
  paused: false,
  pauseReasons: [],
  steps: [
    { kind: "setWeight", does: "5 % of the traffic" },
    { kind: "analysis", does: "analysis fraud-at-5" },
    { kind: "setWeight", does: "20 % of the traffic" },
    { kind: "analysis", does: "analysis fraud-at-20" },
    { kind: "setWeight", does: "50 % of the traffic" },
    { kind: "analysis", does: "analysis fraud-at-50" },
    { kind: "setWeight", does: "100 % of the traffic" },
  ],
  podsForTraffic: 2,
  plannedSeconds: [],
  weight: 20,
  stableVersion: "1",
  revisions: [revision(2), revision(1)],
  actions: [],
};
const rolledBack: ReleaseView = {
  ...releasing,
  rollout: { ...releasing.rollout, aborted: true, phase: "Degraded", step: 0 },
  weight: 0,
};
const promoted: ReleaseView = {
  ...releasing,
  rollout: { ...releasing.rollout, stableHash: "hash2", phase: "Healthy", step: 7 },
  weight: 0,
  stableVersion: "2",
};

function planned(verb: ReleaseVerb, view: ReleaseView, options: ActionOptions = {}, declared = "2") {
  return plannedAction(verb, { view, options, declaredAt: "The declaration", declared });
}

function refusal(verb: ReleaseVerb, view: ReleaseView, options: ActionOptions = {}): ProblemError {
  try {
    planned(verb, view, options);
  } catch (error) {
    if (error instanceof ProblemError) return error;
  }
  throw new Error(`${verb} was not refused`);
}

describe("promote", () => {
  it("goes on to the next weight, whatever steps are in between, and says which analysis is skipped", () => {
    const { does, patches } = planned("promote", releasing);
    expect(does.join("\n")).toBe(
      [
        "Version 2 gets 50 % of the traffic (20 % now).",
        "What is skipped: analysis fraud-at-20.",
        "The guard goes on, and what comes after is judged as declared.",
      ].join("\n"),
    );
    expect(patches).toEqual([
      {
        subresource: "status",
        body: { status: { pauseConditions: null, controllerPause: false, currentStepIndex: 4 } },
      },
    ]);
  });

  it("is done when the traffic has the next weight, not when the controller has seen the step", () => {
    const { isDone } = planned("promote", releasing);
    const next = { ...releasing, rollout: { ...releasing.rollout, step: 4 } };
    expect(isDone(next)).toBe(false);
    expect(isDone({ ...next, weight: 50 })).toBe(true);
  });

  it("begins the next weight with its pods, where a step starts these first", () => {
    const { does, patches } = planned("promote", {
      ...releasing,
      rollout: { ...releasing.rollout, step: 1, stepWeights: [20, 20, 20, 20, 50] },
      steps: [
        { kind: "setWeight", does: "20 % of the traffic" },
        { kind: "analysis", does: "analysis fraud-at-20" },
        { kind: "setCanaryScale", does: "pods of the new version" },
        { kind: "analysis", does: "analysis fraud-pods" },
        { kind: "setWeight", does: "50 % of the traffic" },
      ],
    });
    expect(patches[0]?.body).toMatchObject({ status: { currentStepIndex: 2 } });
    expect(does.slice(0, 2)).toEqual([
      "Version 2 gets 50 % of the traffic (20 % now).",
      "What is skipped: analysis fraud-at-20.",
    ]);
  });

  it("ends the release from its last step", () => {
    const last = { ...releasing, rollout: { ...releasing.rollout, step: 6 }, weight: 100 };
    const { does, patches } = planned("promote", last);
    expect(does[0]).toContain("The last step ends: version 2 has all of the traffic");
    expect(patches[0]?.body).toMatchObject({ status: { currentStepIndex: 7 } });
  });

  it("ends a person's pause after the step was set, so that the old step does not go on in between", () => {
    const { patches } = planned("promote", { ...releasing, paused: true });
    expect(patches.map(({ subresource }) => subresource)).toEqual(["status", undefined]);
    expect(patches[1]?.body).toEqual({ spec: { paused: false } });
  });

  it("lists everything that a full promotion skips, the guard included", () => {
    const { does, patches } = planned("promote", releasing, { full: true });
    expect(does.join(" ")).toContain(
      "What is skipped: analysis fraud-at-20; 50 % of the traffic; analysis fraud-at-50; 100 % of the traffic.",
    );
    expect(does.join(" ")).toContain("no failure takes the traffic away by itself");
    expect(patches).toEqual([{ subresource: "status", body: { status: { promoteFull: true } } }]);
  });

  it("only ends the pause where the strategy has no steps", () => {
    const { patches } = planned("promote", {
      ...releasing,
      steps: [],
      rollout: { ...releasing.rollout, stepWeights: [], step: 0 },
    });
    expect(patches[0]?.body).toEqual({ status: { pauseConditions: null } });
  });
});

describe("abort", () => {
  it("says who gets the traffic, how many pods it has, and what the declaration still names", () => {
    const { does, afterwards, patches } = planned("abort", releasing);
    expect(does[0]).toBe("Version 1 gets 100 % of the traffic back (80 % now); it has 3 of 3 pods available.");
    expect(does.at(-1)).toContain("Its pods are ended 30 s later.");
    expect(afterwards[0]).toContain("The declaration still names 2. Write the version that should run.");
    expect(patches).toEqual([{ subresource: "status", body: { status: { abort: true } } }]);
  });

  it("is done when no traffic is left on the new version, not when the controller says so", () => {
    const { isDone } = planned("abort", releasing);
    expect(isDone({ ...rolledBack, weight: 20 })).toBe(false);
    expect(isDone(rolledBack)).toBe(true);
  });

  it("says before it is done that too many pods of the stable version are missing", () => {
    const having = (available: number) =>
      planned("abort", { ...releasing, revisions: [revision(2), revision(1, { available })] }).does.join(" ");
    expect(having(2)).toContain("it has 2 of 3 pods available. The analyses of version 2 end.");
    expect(having(1)).toContain(
      "it has 1 of 3 pods available. The controller waits until 2 of its 3 pods are available.",
    );
  });
});

describe("rollback", () => {
  it("is an abort while a release is under way", () => {
    expect(planned("rollback", releasing)).toMatchObject({
      verb: "rollback",
      patches: [{ subresource: "status", body: { status: { abort: true } } }],
    });
    expect(refusal("rollback", releasing, { to: "0" }).message).toContain("the way back is to the stable version 1");
  });

  it("goes back to the version before after a promotion, and says how long that takes and what to declare", () => {
    const { does, afterwards, restore } = planned("rollback", promoted);
    expect(restore?.version).toBe("1");
    expect(does[0]).toContain("its 3 pods still run, so it takes seconds.");
    expect(afterwards[0]).toBe(
      'The declaration names 2: write "1" before the next "serin up", which may release 2 again.',
    );
    const cold = { ...promoted, revisions: [revision(2), revision(1, { pods: 0, available: 0 })] };
    expect(planned("rollback", cold).does.join(" ")).toContain("as soon as 2 of its 3 pods are ready: 0 are now");
    expect(planned("rollback", cold).does.join(" ")).toContain("Until then version 2 keeps the traffic.");
  });

  it("never chooses a version that was refused, but goes there when it is named", () => {
    const history: ReleaseView = {
      ...promoted,
      rollout: { ...promoted.rollout, stableHash: "hash3", currentHash: "hash3", version: "3" },
      stableVersion: "3",
      revisions: [revision(3), revision(2, { refused: true, pods: 0 }), revision(1, { pods: 0, available: 0 })],
    };
    expect(previousRevision(history)?.version).toBe("1");
    const named = planned("rollback", history, { to: "2" });
    expect(named.restore?.version).toBe("2");
    expect(named.does.join(" ")).toContain("Version 2 itself was refused by an analysis or a person.");
  });

  it("prefers the version whose pods are still kept", () => {
    const history: ReleaseView = {
      ...promoted,
      rollout: { ...promoted.rollout, stableHash: "hash3", currentHash: "hash3" },
      revisions: [revision(3), revision(2, { pods: 0 }), revision(1)],
    };
    expect(previousRevision(history)?.version).toBe("1");
  });

  it("goes back to the same version as it was declared before, where only something else was changed", () => {
    const { does, afterwards } = planned("rollback", {
      ...promoted,
      revisions: [revision(2), revision(1, { version: "2" })],
    });
    expect(does[0]).toContain("Version 2 as it was before (revision 1) gets 100 % of the traffic");
    expect(afterwards[0]).toContain("has what was changed since: take it back");
  });

  it("refuses where the cluster knows no version before", () => {
    const first = { ...promoted, revisions: [revision(2)] };
    expect(refusal("rollback", first).message).toContain("no version before 2 that had all of the traffic");
    expect(refusal("rollback", promoted, { to: "9" }).message).toContain("It knows 1: name one with --to.");
  });
});

describe("pause, resume and retry", () => {
  it("keeps the weights, and says that the guard goes on", () => {
    const { does, patches } = planned("pause", releasing);
    expect(does[0]).toBe("Version 2 keeps 20 % of the traffic, version 1 80 %, until a person goes on.");
    expect(patches).toEqual([{ body: { spec: { paused: true } } }]);
    expect(planned("resume", { ...releasing, paused: true }).patches).toEqual([{ body: { spec: { paused: false } } }]);
  });

  it("starts an analysis again that ended without a verdict", () => {
    const waiting = { ...releasing, pauseReasons: ["InconclusiveAnalysisRun"] };
    expect(planned("resume", waiting).patches).toEqual([
      { subresource: "status", body: { status: { pauseConditions: null } } },
    ]);
  });

  it("releases a version again that was rolled back", () => {
    expect(planned("retry", rolledBack)).toMatchObject({
      patches: [{ subresource: "status", body: { status: { abort: false } } }],
    });
  });
});

describe("what means nothing is refused, with what to do instead", () => {
  it.each<[ReleaseVerb, string, ReleaseView, string]>([
    ["promote", "a release that was rolled back", rolledBack, "serin release retry"],
    ["abort", "no release", promoted, "serin release rollback"],
    ["abort", "a release that was rolled back", rolledBack, "was rolled back, and version 1 has all"],
    ["rollback", "a release that was rolled back", rolledBack, "was rolled back already"],
    ["retry", "a release under way", releasing, "the release of version 2 is under way"],
    ["pause", "a pause", { ...releasing, paused: true }, "serin release resume"],
    ["resume", "a release that goes on", releasing, "no person has paused it"],
  ])("%s of %s", (verb, _, view, said) => {
    const error = refusal(verb, view);
    expect(error.message).toContain(said);
    expect(error.exitCode).toBe(exitCodes.badInput);
  });

  it.each(["promote", "abort", "rollback", "retry", "pause", "resume"] as const)(
    "%s of a first version that is not stable, and before the controller has seen the last change",
    (verb) => {
      const first = { ...releasing, rollout: { ...releasing.rollout, stableHash: "" } };
      expect(refusal(verb, first).message).toContain("is the first one and not stable yet");
      const unseen = { ...releasing, rollout: { ...releasing.rollout, observed: false } };
      expect(refusal(verb, unseen).message).toContain("has not seen the last change");
    },
  );
});
