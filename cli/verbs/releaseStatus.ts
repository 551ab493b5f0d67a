import { objectNames } from "../../components/model/objectNames.ts";
import { defaultScrapeInterval } from "../../components/platform/prometheus.ts";
import { findingsText } from "../../diagnosis/findingText.ts";
import { startFindings } from "../../diagnosis/startFindings.ts";
import type { AnalysisView } from "../../rehearsal/cluster/clusterView.ts";
import { stateOf } from "../../rehearsal/cluster/modelStates.ts";
import { PrometheusClient } from "../../rehearsal/cluster/prometheus.ts";
import {
  type AnalysisEvidence,
  type EvidenceArgs,
  evidenceOn,
  releaseEvidence,
} from "../../rehearsal/cluster/releaseEvidence.ts";
import type { ReleaseView } from "../../rehearsal/cluster/releaseView.ts";
import { overdueLines, stepTime } from "../../rehearsal/cluster/stepTime.ts";
import { underWay } from "../../rehearsal/local/release.ts";
import { declaredModel } from "../../stacks/declared.ts";
import type { Answer, Invocation } from "../run.ts";
import { columns } from "../terminal.ts";
import { foundRelease, type ReleaseOptions, type ReleaseSite, releaseSite, standing } from "./release.ts";

/** `serin release status`: who has the traffic, what is being decided, which pods run, and what people did. */
export async function releaseStatus(name: string, options: ReleaseOptions, { signal }: Invocation): Promise<Answer> {
  const site = releaseSite(name, options, signal);
  const release = await foundRelease(site, name);
  const { rollout, revisions, actions, steps } = release;
  const analyses = await site.view.analyses(site.namespace, name, rollout.currentHash);
  const time = stepTime(release, analyses, new Date());
  const model = declaredModel(site.environment, name);
  const declared = model.version;
  const findings = await startFindings(site.place(name));
  const evidence = await seenBy(site, { name, model, rollout, analyses }, signal);
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
      evidence,
      revisions: revisions.map(({ template: _, ...revision }) => revision),
      actions,
      findings,
    },
    text: [
      [
        `${name} on ${site.cluster}: ${standing(release)}`,
        ...(declared === rollout.version ? [] : [`Declared is version ${declared}: the next "serin up" brings it.`]),
        ...stepLines(release),
        ...(time === undefined || release.paused ? [] : overdueLines(time)),
      ].join("\n"),
      findingsText(findings),
      columns(
        ["analysis", "metric", "verdict", "what it sees"],
        latestOf(analyses).flatMap(({ step, metrics }) =>
          metrics.map(({ name: metric, phase, message }) => [
            step === undefined ? "guard" : `at ${rollout.stepWeights[step] ?? "?"} %`,
            metric,
            phase.toLowerCase(),
            evidenceOn(evidence, step, metric)[0]?.reason ?? message,
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

/**
 * What each metric sees. Empty where this machine may not ask Prometheus: `status` shows the rest.
 */
export async function seenBy(
  site: ReleaseSite,
  release: Pick<EvidenceArgs, "name" | "model" | "rollout" | "analyses">,
  signal: AbortSignal,
): Promise<AnalysisEvidence[]> {
  try {
    const prometheus = await prometheusOf(site, release.name, signal);
    if (prometheus === undefined) return [];
    const { scrapeInterval = defaultScrapeInterval } = site.environment.platform.prometheus;
    return await releaseEvidence({ ...release, prometheus, namespace: site.namespace, scrapeInterval });
  } catch {
    signal.throwIfAborted();
    return [];
  }
}

/** The Prometheus that the analyses ask, as the guard's template has its address. */
async function prometheusOf(
  { view, namespace, prometheusUrl }: ReleaseSite,
  name: string,
  signal: AbortSignal,
): Promise<PrometheusClient | undefined> {
  if (prometheusUrl !== undefined) return new PrometheusClient(prometheusUrl, signal);
  const { guard } = objectNames(name);
  const template = await view.read<AnalysisTemplate>(
    `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/analysistemplates/${guard}`,
  );
  const address = template?.spec?.metrics?.[0]?.provider?.prometheus?.address;
  return address === undefined ? undefined : PrometheusClient.throughCluster(view.client, address, signal);
}

interface AnalysisTemplate {
  readonly spec?: {
    readonly metrics?: readonly { readonly provider?: { readonly prometheus?: { readonly address?: string } } }[];
  };
}

/** The guard and the step that was measured last: the verdicts of steps before are in the result. */
function latestOf(analyses: readonly AnalysisView[]): AnalysisView[] {
  const guard = analyses.findLast(({ step }) => step === undefined);
  const step = analyses.findLast(({ step: index }) => index !== undefined);
  return [guard, step].filter((analysis) => analysis !== undefined);
}
