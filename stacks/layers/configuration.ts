import * as pulumi from "@pulumi/pulumi";
import { type ClusterSpec, cloudOf } from "../../components/cluster/clouds.ts";
import { type Problem, rejectProblems } from "../../components/core/problem.ts";

/**
 * Looks for all configuration that clusters need before the first of them is declared, so that a person who sets up a
 * stack is told once.
 *
 * @throws ProblemError with every key that is not set, and with what is wrong with values.
 */
export function requireConfiguration(specs: readonly ClusterSpec[]): void {
  const config = new pulumi.Config();
  const keys = specs.map((spec) => cloudOf(spec).configuration(spec));
  const values = keys.flatMap((of) => of.values);
  const missing = [
    ...unset(
      values.map(({ key }) => key),
      (key) => config.require(key),
      "a value that is not secret",
      "",
    ),
    ...unset(
      keys.flatMap(({ secrets }) => secrets),
      (key) => config.requireSecret(key),
      "a secret",
      "--secret ",
    ),
  ];
  const wrong = once(
    values.flatMap(({ key, problems }) => {
      const value = config.get(key);
      return value === undefined ? [] : (problems?.(`${pulumi.getProject()}:${key}`, value) ?? []);
    }),
  );
  rejectProblems(missing.length > 0 ? "Configuration is missing" : "Configuration is wrong", [...missing, ...wrong]);
}

/** Clusters of one cloud share an account, and each says what is wrong with it. */
function once(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

function unset(keys: readonly string[], require: (key: string) => unknown, kind: string, flag: string) {
  return [...new Set(keys)].flatMap((key) => {
    try {
      require(key);
      return [];
    } catch (error) {
      // The SDK's own error names one key, and stops.
      if (!pulumi.RunError.isInstance(error)) throw error;
      return [
        {
          path: `${pulumi.getProject()}:${key}`,
          reason: `it is not set, and a cluster needs it (${kind}).`,
          fix: `Run: pulumi config set ${flag}${key} -s ${pulumi.getStack()}`,
        },
      ];
    }
  });
}
