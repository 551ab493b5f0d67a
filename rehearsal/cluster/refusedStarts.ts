import type { V1Pod } from "@kubernetes/client-node";
import { artifactCheck } from "../../components/model/artifact.ts";
import { artifactDownload } from "../../components/model/artifactDownload.ts";

/**
 * Why pods of a model do not start Triton: what the check of their files said last, once for each version. Pods whose
 * files are those declared, and pods without a declared artifact, say nothing.
 */
export function refusedStarts(pods: readonly V1Pod[]): string[] {
  const said = pods.flatMap(({ metadata, status }) =>
    (status?.initContainerStatuses ?? []).flatMap(({ name, ready, state, lastState }) => {
      if (name !== artifactCheck && name !== artifactDownload) return [];
      const ended = state?.terminated ?? lastState?.terminated;
      if (ended === undefined || ended.exitCode === 0 || ready) return [];
      const why = ended.message?.trim() || `exit code ${ended.exitCode}`;
      return [`version ${metadata?.labels?.version ?? "?"} ${name === artifactCheck ? "" : "not downloaded: "}${why}`];
    }),
  );
  return [...new Set(said)];
}
