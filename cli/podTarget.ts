import { exitCodes, ProblemError, rejectProblems, unknownChoice } from "../components/core/problem.ts";
import { subsets } from "../components/model/objectNames.ts";
import {
  chosenContainer,
  chosenPod,
  describedPod,
  type ModelPod,
  modelPods,
  type PodPurpose,
  type PodRole,
} from "../rehearsal/cluster/modelPods.ts";
import { type ReleaseOptions, type ReleaseSite, releaseSite } from "./verbs/release.ts";

/** Which pod of a model, on which cluster. */
export interface PodOptions extends ReleaseOptions {
  /** `--pod`: the name of a pod of the model. @default the one that matters now */
  readonly pod?: string;
  /** `--version`: only pods of this version. @default any */
  readonly version?: string;
  /** `--role`: `canary` or `stable`. @default any, those of a release first */
  readonly role?: string;
  /** `--container`: a container of the pod. @default the model's own; of a log, an init container that is not done */
  readonly container?: string;
}

/** The pod that a verb is about. */
export interface PodTarget {
  /** The cluster. */
  readonly site: ReleaseSite;
  /** The pod, and what is known of it. */
  readonly chosen: ModelPod;
  /** The other pods of the model. */
  readonly others: readonly ModelPod[];
  /** The container. */
  readonly container: string;
}

/**
 * The pod of a model that a verb is about.
 *
 * @throws ProblemError for what is not declared, not deployed or not there, and for a cluster that cannot be had
 */
export async function podTarget(
  model: string,
  options: PodOptions,
  purpose: PodPurpose,
  signal: AbortSignal,
): Promise<PodTarget> {
  const { role } = options;
  if (role !== undefined && !isRole(role)) {
    rejectProblems("No pod was chosen", [unknownChoice("--role", role, roles)]);
  }
  const site = releaseSite(model, options, signal);
  const { view, namespace, cluster } = site;
  const rollout = await view.rollout(namespace, model);
  if (rollout === undefined) {
    throw new ProblemError(
      `Model "${model}" is not deployed on ${cluster}`,
      [
        {
          path: `Rollout ${namespace}/${model}`,
          reason: "it does not exist.",
          fix: "Bring the environment up, or name the cluster that has it.",
        },
      ],
      exitCodes.unavailable,
    );
  }
  const pods = await modelPods(view, { namespace, name: model, rollout }, purpose);
  const { pod, version } = options;
  const chosen = chosenPod(model, pods, {
    ...(pod === undefined ? {} : { pod }),
    ...(version === undefined ? {} : { version }),
    ...(role === undefined ? {} : { role: role as PodRole }),
  });
  const container = chosenContainer(chosen, purpose, options.container);
  return { site, chosen, container, others: pods.filter((one) => one !== chosen) };
}

const roles: readonly PodRole[] = Object.values(subsets);

function isRole(role: string): role is PodRole {
  return (roles as readonly string[]).includes(role);
}

/** The pod in one line, and how many others there are: `pod fraud-1 on dc-lab: version 2, canary, ready`. */
export function targetText({ site, chosen, container, others }: PodTarget): string {
  const more =
    others.length === 0 ? "" : `; ${others.length} more: --pod ${others.map(({ name }) => name).join(", --pod ")}`;
  return `pod ${chosen.name} on ${site.cluster}, container ${container}: ${describedPod(chosen)}${more}`;
}

/** The pod as a program reads it. */
export function targetResult({ site, chosen, container }: PodTarget) {
  const { name, version, role, ready, state, restarts } = chosen;
  return {
    environment: site.environment.name,
    cluster: site.cluster,
    namespace: site.namespace,
    pod: { name, version, ...(role === undefined ? {} : { role }), ready, state, restarts },
    container,
  };
}
