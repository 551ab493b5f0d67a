import type { Problem } from "../../components/core/problem.ts";
import type { Model } from "../../components/model/model.ts";
import { type ClusterView, type RawRollout, rolloutView } from "../cluster/clusterView.ts";
import { neverReady, underWay } from "./release.ts";

/** Marks each rehearsed revision, so that rehearsing the same version twice is two releases. */
export const rehearsalAnnotation = "rehearsal.serin.dev/id";

/**
 * What keeps a rehearsal from starting at the declared version: a release of a person that has not ended. A rehearsal
 * would give that version all traffic without an analysis. What a rehearsal left behind is no problem: it is ended.
 */
export async function waitingReleaseProblems(
  view: Pick<ClusterView, "read">,
  namespace: string,
  name: string,
  { version }: Pick<Model, "version">,
): Promise<Problem[]> {
  const raw = await view.read<RawRollout & { spec: { template: { metadata?: { annotations?: object } } } }>(
    `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/rollouts/${name}`,
  );
  if (raw === undefined || rehearsalAnnotation in (raw.spec.template.metadata?.annotations ?? {})) return [];
  const rollout = rolloutView(raw);
  const path = `Rollout ${namespace}/${name}`;
  if (neverReady(rollout) || rollout.stableHash === "") return [];
  if (rollout.version !== version) {
    return [
      {
        path,
        reason: `version ${version} is declared, and version ${rollout.version} is up: a rehearsal would give version ${version} all traffic first, without an analysis.`,
        fix: "Release it first: npx serin up local",
      },
    ];
  }
  if (underWay(rollout)) {
    return [
      {
        path,
        reason: `version ${version} is still being released: a rehearsal would give it all traffic first, without an analysis.`,
        fix: `See what it waits for: npx serin release status ${name}. Give it all traffic yourself (npx serin release promote ${name} --full), or send requests, or declare the version before again.`,
      },
    ];
  }
  if (rollout.aborted) {
    return [
      {
        path,
        reason: `version ${version} is declared and was rolled back: a rehearsal would give it all traffic first, without an analysis.`,
        fix: `Declare the version before again and bring it up, or try again: npx serin release retry ${name}`,
      },
    ];
  }
  return [];
}
