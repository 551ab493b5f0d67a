import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import { deployedKubeconfigs } from "../../preflight/deployedKubeconfigs.ts";
import { embeddedCluster } from "../../rehearsal/local/localCluster.ts";
import { chosenClusters, declaredEnvironment } from "../../stacks/declared.ts";
import type { Answer } from "../run.ts";

/** The options of `serin kubeconfig`. */
export interface KubeconfigOptions {
  /**
   * `--cluster`: the name of a cluster of the environment. Required if it has several.
   * @default its only cluster
   */
  readonly cluster?: string;
  /** `--path`: print where the file is, instead of what is in it. Only `local` has one. @default false */
  readonly path?: boolean;
}

/**
 * `serin kubeconfig`: prints the kubeconfig of a cluster, for kubectl, k9s and Lens: of `local` the embedded one's, of
 * others what the Pulumi CLI knows from configuration or outputs.
 *
 * @throws ProblemError if there is no such cluster, or its kubeconfig is not known
 */
export async function kubeconfig(name: string, options: KubeconfigOptions): Promise<Answer> {
  const environment = declaredEnvironment(name);
  if (name === "local") {
    const { kubeconfig: contents, embedded } = embeddedCluster(name);
    const { kubeconfigPath: path } = embedded;
    return {
      result: { environment: name, path, kubeconfig: contents },
      text: options.path === true ? path : contents.trimEnd(),
    };
  }
  if (options.path === true) {
    throw new ProblemError(`Environment "${name}" has no file with a kubeconfig`, [
      { path: "--path", reason: "serin keeps no credentials.", fix: `Write: npx serin kubeconfig ${name} > <file>` },
    ]);
  }
  const [cluster = "", ...others] = chosenClusters(environment, options);
  if (others.length > 0) {
    throw new ProblemError("A kubeconfig leads to one cluster", [
      {
        path: "--cluster",
        reason: `it is not given, and environment "${name}" has ${others.length + 1} clusters.`,
        fix: `Write one of: ${[cluster, ...others].join(", ")}.`,
      },
    ]);
  }
  const known = (await deployedKubeconfigs(environment))[cluster];
  if (known === undefined || "unknown" in known) {
    throw new ProblemError(
      `The kubeconfig of cluster "${cluster}" is not known`,
      [{ path: cluster, reason: `${known?.unknown ?? "it is not declared"}.` }],
      exitCodes.unavailable,
    );
  }
  return { result: { environment: name, cluster, kubeconfig: known.kubeconfig }, text: known.kubeconfig.trimEnd() };
}
