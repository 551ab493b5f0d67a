import { rejectProblems } from "../components/core/problem.ts";
import { project } from "../stacks/project.ts";

/** The options that only `local` has: what they name, and what to do instead elsewhere. */
const localOptions = {
  kubeconfig: {
    path: "--kubeconfig",
    reason: "the clusters of other environments are declared.",
    fix: `Set the kubeconfig as configuration: pulumi config set --secret ${project}:<name>`,
  },
  context: {
    path: "--context",
    reason: "the clusters of other environments are declared.",
    fix: `Set the kubeconfig as configuration: pulumi config set --secret ${project}:<name>`,
  },
  gatewayPort: {
    path: "--gateway-port",
    reason: "only the embedded environment has such a gateway.",
    fix: "Leave it out.",
  },
  engine: {
    path: "--engine",
    reason: "other environments are always deployed by Pulumi.",
    fix: "Leave it out.",
  },
};

/**
 * Refuses, together, the options that mean nothing for an environment other than `local`.
 *
 * @throws ProblemError that names each of them. `--engine pulumi` is what happens there anyway, and is no problem.
 */
export function refuseLocalOptions(
  environment: string,
  given: Partial<Record<keyof typeof localOptions, string | number>>,
): void {
  if (environment === "local") return;
  rejectProblems(
    `Some options do not apply to environment "${environment}"`,
    Object.entries(localOptions).flatMap(([name, problem]) => {
      const value = given[name as keyof typeof localOptions];
      return value === undefined || value === "pulumi" ? [] : [problem];
    }),
  );
}
