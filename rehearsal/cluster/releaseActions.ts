import { ProblemError } from "../../components/core/problem.ts";
import type { ReleaseVerb } from "../../stacks/environments/releaseVerbs.ts";
import { neverReady, underWay } from "../local/release.ts";
import { previousRevision, type ReleaseStep, type ReleaseView, type Revision } from "./releaseView.ts";

/** How a verb is meant, beyond its name. */
export interface ActionOptions {
  /** Of `promote`: to all of the traffic at once. @default to the next weight */
  readonly full?: boolean;
  /** Of `rollback` after a promotion: the version to go back to. @default the one that was stable before */
  readonly to?: string;
}

/** A write to the Rollout, as a JSON merge patch. */
export interface RolloutPatch {
  /** The subresource. @default the object itself */
  readonly subresource?: "status";
  /** What is changed. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** What a verb will do to a release: told first, done afterwards. */
export interface PlannedAction {
  /** The verb. */
  readonly verb: ReleaseVerb;
  /** What happens, a line each, for people. */
  readonly does: readonly string[];
  /** What a person has to do afterwards so that it stays so; empty where there is nothing. */
  readonly afterwards: readonly string[];
  /** Written in this order. */
  readonly patches: readonly RolloutPatch[];
  /** The revision whose pod template the Rollout gets back, before it gets all of the traffic without steps. */
  readonly restore?: Revision;
  /** Whether the cluster shows the effect. */
  readonly isDone: (now: ReleaseView) => boolean;
}

interface Subject {
  readonly view: ReleaseView;
  readonly options: ActionOptions;
  /** Where the version is declared: `models.fraud.version of environment "prod"`. */
  readonly declaredAt: string;
  /** The version that is declared there. */
  readonly declared: string;
}

/**
 * What a verb means for a release in this state. The patches are those of `kubectl argo rollouts`, 1.9
 * (argo-rollouts `pkg/kubectl-argo-rollouts/cmd/{promote,abort,retry,pause,undo}`), but for two things: `promote` goes
 * on to the next weight, not to the next step, and `rollback` never chooses a version that was refused.
 *
 * @throws ProblemError where it means nothing; then nothing was changed
 */
export function plannedAction(verb: ReleaseVerb, subject: Subject): PlannedAction {
  const { rollout } = subject.view;
  if (!rollout.observed) {
    throw refusal(verb, "the controller has not seen the last change of the Rollout yet.", "Try again in a moment.");
  }
  if (neverReady(rollout) || rollout.stableHash === "") {
    throw refusal(
      verb,
      `version ${rollout.version} is the first one and not stable yet, so there is no other for the traffic.`,
      "Declare a version that starts, and bring the environment up.",
    );
  }
  return actions[verb](subject);
}

const actions: Readonly<Record<ReleaseVerb, (subject: Subject) => PlannedAction>> = {
  promote,
  abort,
  rollback,
  retry,
  pause,
  resume,
};

function promote({ view, options }: Subject): PlannedAction {
  const { rollout, weight, steps, stableVersion } = view;
  requireRelease("promote", view);
  if (options.full === true) {
    const left = steps.slice(rollout.step);
    return {
      verb: "promote",
      does: [
        `Version ${rollout.version} gets 100 % of the traffic (${weight} % now) as soon as ${enoughPods(view)} are ready.`,
        ...(left.length === 0 ? [] : [skippedLine(left)]),
        "The guard ends: from then on no failure takes the traffic away by itself.",
        `The pods of version ${stableVersion} are ended afterwards.`,
      ],
      afterwards: [],
      patches: [
        { subresource: "status", body: { status: { promoteFull: true } } },
        ...(view.paused ? [{ body: { spec: { paused: false } } }] : []),
      ],
      isDone: ({ rollout: now }) => now.stableHash === now.currentHash,
    };
  }
  const target = nextWeight(view);
  const skipped = steps.slice(rollout.step, target);
  const next = rollout.stepWeights.slice(target).find((percent) => percent !== weight);
  return {
    verb: "promote",
    does: [
      ...(view.paused ? ["The pause by a person ends."] : []),
      steps.length === 0
        ? `The controller goes on: version ${rollout.version} gets the traffic.`
        : next === undefined
          ? `The last step ends: version ${rollout.version} has all of the traffic, and the pods of version ${stableVersion} are ended.`
          : `Version ${rollout.version} gets ${next} % of the traffic (${weight} % now).`,
      ...(skipped.length === 0 ? [] : [skippedLine(skipped)]),
      ...(next === undefined ? [] : ["The guard goes on, and what comes after is judged as declared."]),
    ],
    afterwards: [],
    patches: [
      {
        subresource: "status",
        // A pause that the controller believes to be under way would hold up the next pause (`promote.go`).
        body: {
          status: {
            pauseConditions: null,
            ...(steps.length === 0 ? {} : { controllerPause: false, currentStepIndex: target }),
          },
        },
      },
      ...(view.paused ? [{ body: { spec: { paused: false } } }] : []),
    ],
    isDone: ({ rollout: now, weight: percent }) =>
      now.stableHash === now.currentHash ||
      (steps.length > 0 && now.observed && (next === undefined ? now.step >= target : percent === next)),
  };
}

/**
 * The step that begins another weight than the one under way, with its pods where these come first; the number of steps
 * after the last one.
 */
function nextWeight({ rollout: { step, stepWeights }, steps }: ReleaseView): number {
  const current = stepWeights[step] ?? 0;
  const next = stepWeights.findIndex(
    (weight, index) => index > step && (weight !== current || steps[index]?.kind === "setCanaryScale"),
  );
  return next === -1 ? steps.length : next;
}

function abort({ view, declaredAt, declared }: Subject): PlannedAction {
  const { rollout, weight, stableVersion, abortDelaySeconds = 30 } = view;
  requireRelease("abort", view);
  const stable = view.revisions.find(({ hash }) => hash === rollout.stableHash);
  const missing = stable !== undefined && stable.available < view.podsForTraffic;
  return {
    verb: "abort",
    does: [
      `Version ${stableVersion} gets 100 % of the traffic back (${100 - weight} % now); it has ${stable?.available ?? "an unknown number of"} of ${rollout.replicas} pods available.`,
      ...(missing ? [`The controller waits until ${enoughPods(view)} are available.`] : []),
      `The analyses of version ${rollout.version} end. ${abortDelaySeconds === 0 ? "Its pods stay." : `Its pods are ended ${abortDelaySeconds} s later.`}`,
    ],
    afterwards: [
      declared === rollout.version
        ? `${declaredAt} still names ${declared}. Write the version that should run. "serin release retry" releases ${declared} again.`
        : `${declaredAt} names ${declared} already: the next "serin up" brings it.`,
    ],
    patches: [{ subresource: "status", body: { status: { abort: true } } }],
    isDone: ({ rollout: now, weight: percent }) => now.aborted && percent === 0,
  };
}

function rollback(subject: Subject): PlannedAction {
  const { view, options } = subject;
  if (!underWay(view.rollout)) return undo(subject);
  if (options.to === undefined || options.to === view.stableVersion) return { ...abort(subject), verb: "rollback" };
  throw refusal(
    "rollback",
    `version ${view.rollout.version} is being released, so the way back is to the stable version ${view.stableVersion}.`,
    "Leave --to out, and go back once more afterwards.",
  );
}

/** The pods with which the controller gives a version all of the traffic. */
function enoughPods({ podsForTraffic, rollout: { replicas } }: ReleaseView): string {
  return podsForTraffic === replicas ? "all of its pods" : `${podsForTraffic} of its ${replicas} pods`;
}

function undo({ view, options, declaredAt, declared }: Subject): PlannedAction {
  const { rollout, revisions, stableVersion } = view;
  if (rollout.aborted) {
    throw refusal(
      "rollback",
      `version ${rollout.version} was rolled back already, and version ${stableVersion} has the traffic.`,
      'Write the version that should run into the declaration. "serin release retry" releases the other again.',
    );
  }
  const revision = previousRevision(view, options.to);
  if (revision === undefined) {
    const known = revisions.filter(({ hash }) => hash !== rollout.stableHash).map(({ version }) => version);
    throw refusal(
      "rollback",
      options.to === undefined
        ? `the cluster knows no version before ${stableVersion} that had all of the traffic.`
        : `the cluster knows no version ${options.to} before ${stableVersion}.`,
      known.length === 0
        ? "Declare the version that should run, and bring the environment up."
        : `It knows ${known.join(", ")}: name one with --to.`,
    );
  }
  const ready = revision.available >= view.podsForTraffic;
  // A change of the server or the image is a release, too.
  const sameVersion = revision.version === stableVersion;
  const before = sameVersion
    ? `Version ${revision.version} as it was before (revision ${revision.number})`
    : `Version ${revision.version}`;
  return {
    verb: "rollback",
    does: [
      `${before} gets 100 % of the traffic from version ${stableVersion}, without steps and without an analysis${
        ready
          ? `: its ${revision.available} pods still run, so it takes seconds.`
          : ` as soon as ${enoughPods(view)} are ready: ${revision.available} are now, the others need a node, the image and the load of the model.`
      }`,
      ...(ready ? [] : [`Until then version ${stableVersion} keeps the traffic.`]),
      ...(revision.refused ? [`Version ${revision.version} itself was refused by an analysis or a person.`] : []),
    ],
    afterwards: [
      sameVersion
        ? `${declaredAt} has what was changed since: take it back before the next "serin up", which may release it again.`
        : declared === revision.version
          ? `${declaredAt} names ${declared} already.`
          : `${declaredAt} names ${declared}: write "${revision.version}" before the next "serin up", which may release ${declared} again.`,
    ],
    patches: [],
    restore: revision,
    isDone: ({ rollout: now }) => now.stableHash === revision.hash,
  };
}

function retry({ view }: Subject): PlannedAction {
  const { rollout, stableVersion, steps } = view;
  if (!rollout.aborted) {
    throw refusal(
      "retry",
      underWay(rollout)
        ? `the release of version ${rollout.version} is under way.`
        : `no release was rolled back: version ${rollout.version} has all of the traffic.`,
      "Look at it with: npx serin release status",
    );
  }
  return {
    verb: "retry",
    does: [
      `Version ${rollout.version} is released again from its first step${steps[0] === undefined ? "" : ` (${steps[0].does})`}, with new analyses.`,
      `Version ${stableVersion} keeps the traffic until its pods are ready.`,
    ],
    afterwards: [],
    patches: [{ subresource: "status", body: { status: { abort: false } } }],
    isDone: ({ rollout: now }) => !now.aborted && now.observed,
  };
}

function pause({ view }: Subject): PlannedAction {
  const { rollout, weight, stableVersion } = view;
  requireRelease("pause", view);
  if (view.paused) throw refusal("pause", "a person has paused it already.", 'Go on with "serin release resume".');
  return {
    verb: "pause",
    does: [
      `Version ${rollout.version} keeps ${weight} % of the traffic, version ${stableVersion} ${100 - weight} %, until a person goes on.`,
      "The guard goes on: if it fails, the traffic goes back.",
    ],
    afterwards: ['Go on with "serin release resume".'],
    patches: [{ body: { spec: { paused: true } } }],
    isDone: ({ paused }) => paused,
  };
}

function resume({ view }: Subject): PlannedAction {
  const { rollout, weight } = view;
  const inconclusive = view.pauseReasons.includes("InconclusiveAnalysisRun");
  if (!view.paused && !inconclusive) {
    throw refusal(
      "resume",
      "no person has paused it, and no analysis waits for one.",
      "Look at it with: npx serin release status",
    );
  }
  return {
    verb: "resume",
    does: [
      `The release of version ${rollout.version} goes on at ${weight} % of the traffic.`,
      ...(inconclusive ? ["The analysis that ended without a verdict starts again."] : []),
    ],
    afterwards: [],
    patches: [
      ...(inconclusive ? [{ subresource: "status" as const, body: { status: { pauseConditions: null } } }] : []),
      ...(view.paused ? [{ body: { spec: { paused: false } } }] : []),
    ],
    isDone: ({ paused, pauseReasons }) => !paused && !pauseReasons.includes("InconclusiveAnalysisRun"),
  };
}

function skippedLine(steps: readonly ReleaseStep[]): string {
  return `What is skipped: ${steps.map(({ does }) => does).join("; ")}.`;
}

function requireRelease(verb: ReleaseVerb, { rollout, stableVersion }: ReleaseView): void {
  if (underWay(rollout)) return;
  throw rollout.aborted
    ? refusal(
        verb,
        `version ${rollout.version} was rolled back, and version ${stableVersion} has all of the traffic.`,
        'Release it again with "serin release retry".',
      )
    : refusal(
        verb,
        `no release is under way: version ${rollout.version} has all of the traffic.`,
        verb === "abort" ? 'Go back to the version before with "serin release rollback".' : undefined,
      );
}

function refusal(verb: ReleaseVerb, reason: string, fix?: string): ProblemError {
  return new ProblemError("Nothing was changed", [{ path: verb, reason, ...(fix === undefined ? {} : { fix }) }]);
}
