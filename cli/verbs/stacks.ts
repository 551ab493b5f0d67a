import { declaredEnvironment } from "../../stacks/declared.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import { environments } from "../../stacks/project.ts";
import { stackName } from "../../stacks/stackName.ts";
import type { Answer } from "../run.ts";

/** How `serin stacks` prints. */
export interface StacksOptions {
  /** Only the names of environments, one on a line. */
  readonly environments?: true;
  /** Jobs of a child pipeline of GitLab, in place of the list. */
  readonly gitlab?: true;
}

/** One stack of an environment, of the cluster layer or of one cluster. */
interface DeclaredStack {
  readonly environment: string;
  readonly stack: string;
  /** Absent: the cluster layer, which holds all clusters. */
  readonly cluster?: string;
}

/**
 * The environments that are deployed, in the order of their record, and the stacks that `serin up` makes of each: what
 * the matrix of a CI consists of. `local` is of one machine, and no part of it.
 *
 * @throws ProblemError for an environment that is declared wrongly
 */
export function listStacks({ environments: namesOnly, gitlab }: StacksOptions): Answer {
  const declared = Object.keys(environments)
    .filter((name) => name !== "local")
    .map(declaredEnvironment);
  const names = declared.map(({ name }) => name);
  const stacks = declared.flatMap(stacksOf);
  const result = { environments: names, stacks };
  if (gitlab) return { result, text: gitLabJobs(names, stacks) };
  return { result, text: (namesOnly ? names : stacks.map(({ stack }) => stack)).join("\n") };
}

/** In the order they are brought up. */
export function stacksOf({ name, clusters }: Environment): DeclaredStack[] {
  return [
    { environment: name, stack: stackName(name, "cluster") },
    ...(["platform", "models"] as const).flatMap((layer) =>
      Object.keys(clusters).map((cluster) => ({ environment: name, stack: stackName(name, layer, cluster), cluster })),
    ),
  ];
}

/** JSON is YAML, and has no names that mean something else. */
function gitLabJobs(names: readonly string[], stacks: readonly DeclaredStack[]): string {
  const preflights = names.map((environment) => [
    `preflight ${environment}`,
    { extends: ".preflight", variables: { SERIN_ENVIRONMENT: environment } },
  ]);
  const previews = stacks.map(({ environment, stack }) => [
    `preview ${stack}`,
    { extends: ".preview", variables: { SERIN_ENVIRONMENT: environment, SERIN_STACK: stack } },
  ]);
  const deploys = names.map((environment, index) => [
    `deploy ${environment}`,
    {
      extends: ".deploy",
      variables: { SERIN_ENVIRONMENT: environment },
      needs: names.slice(Math.max(0, index - 1), index).map((before) => `deploy ${before}`),
    },
  ]);
  return JSON.stringify(
    {
      include: [{ local: "ci/gitlab-jobs.yml" }],
      ...Object.fromEntries([...preflights, ...previews, ...deploys]),
    },
    undefined,
    2,
  );
}
