import type { AnalysisView } from "../../rehearsal/cluster/clusterView.ts";
import { stateOf } from "../../rehearsal/cluster/modelStates.ts";
import type { ReleaseView } from "../../rehearsal/cluster/releaseView.ts";
import { overdueLines, stepTime } from "../../rehearsal/cluster/stepTime.ts";
import { underWay } from "../../rehearsal/local/release.ts";
import { declaredModel } from "../../stacks/declared.ts";
import type { Answer, Invocation } from "../run.ts";
import { columns } from "../terminal.ts";
import { foundRelease, type ReleaseOptions, releaseSite, standing } from "./release.ts";

/** `serin release status`: who has the traffic, what is being decided, which pods run, and what people did. */
export async function releaseStatus(name: string, options: ReleaseOptions, { signal }: Invocation): Promise<Answer> {
  const site = releaseSite(name, options, signal);
  const release = await foundRelease(site, name);
  const { rollout, revisions, actions, steps } = release;
  const analyses = await site.view.analyses(site.namespace, name, rollout.currentHash);
  const time = stepTime(release, analyses, new Date());
  const declared = declaredModel(site.environment, name).version;
  return {
    result: {
      environment: site.environment.name,
      cluster: site.cluster,
      model: name,
      declared,
      version: { stable: release.stableVersion, newest: rollout.version },
      weight: release.weight,
      state: stateOf(rollout),
      paused: release.paused,
      step: rollout.step,
      steps: steps.map(({ does }) => does),
      ...(time === undefined ? {} : { stepSeconds: time }),
      analyses,
      revisions: revisions.map(({ template: _, ...revision }) => revision),
      actions,
    },
    text: [
      [
        `${name} on ${site.cluster}: ${standing(release)}`,
        ...(declared === rollout.version ? [] : [`Declared is version ${declared}: the next "serin up" brings it.`]),
        ...stepLines(release),
        ...(time === undefined || release.paused ? [] : overdueLines(time)),
      ].join("\n"),
      columns(
        ["analysis", "metric", "verdict", "reason"],
        latestOf(analyses).flatMap(({ step, metrics }) =>
          metrics.map(({ name: metric, phase, message }) => [
            step === undefined ? "guard" : `at ${rollout.stepWeights[step] ?? "?"} %`,
            metric,
            phase.toLowerCase(),
            message,
          ]),
        ),
      ),
      columns(
        ["version", "revision", "pods", ""],
        revisions
          .filter(({ hash, pods }) => pods > 0 || hash === rollout.stableHash || hash === rollout.currentHash)
          .map(({ version, number, pods, available, hash, refused }) => [
            version,
            String(number),
            `${available} of ${pods} available`,
            [
              ...(hash === rollout.stableHash ? ["stable"] : []),
              ...(hash === rollout.currentHash ? ["newest"] : []),
              ...(refused && hash !== rollout.stableHash ? ["refused"] : []),
            ].join(", "),
          ]),
        [1],
      ),
      columns(
        ["when", "who", "did", "why"],
        actions.map(({ at, by, verb, version, reason }) => [at, by, `${verb} of ${version}`, reason]),
      ),
    ]
      .filter((part) => part !== "")
      .join("\n\n"),
  };
}

function stepLines({ rollout, steps }: ReleaseView): string[] {
  const step = steps[rollout.step];
  return underWay(rollout) && step !== undefined ? [`Step ${rollout.step + 1} of ${steps.length}: ${step.does}.`] : [];
}

/** The guard and the step that was measured last: the verdicts of steps before are in the result. */
function latestOf(analyses: readonly AnalysisView[]): AnalysisView[] {
  const guard = analyses.findLast(({ step }) => step === undefined);
  const step = analyses.findLast(({ step: index }) => index !== undefined);
  return [guard, step].filter((analysis) => analysis !== undefined);
}
