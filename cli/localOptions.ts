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

/** Refuses a context without the kubeconfig that has it. @throws ProblemError */
export function refuseLoneContext({
  kubeconfig,
  context,
}: {
  readonly kubeconfig?: string;
  readonly context?: string;
}): void {
  if (context === undefined || kubeconfig !== undefined) return;
  rejectProblems("Some options do not apply", [
    {
      path: "--context",
      reason: "there is no --kubeconfig whose context it could be.",
      fix: "Write --kubeconfig <file> too.",
    },
  ]);
}

/**
 * Refuses, together, the options that mean nothing for an environment other than `local`, or for a cluster of one's
 * own.
 *
 * @throws ProblemError that names each of them. `--engine pulumi` is what happens there anyway, and is no problem.
 */
export function refuseLocalOptions(
  environment: string,
  given: {
    readonly kubeconfig?: string;
    readonly context?: string;
    readonly gatewayPort?: number;
    readonly engine?: string;
  },
): void {
  if (environment === "local") {
    refuseLoneContext(given);
    if (given.kubeconfig === undefined || given.gatewayPort === undefined) return;
    rejectProblems("Some options do not apply to a cluster of your own", [localOptions.gatewayPort]);
  }
  rejectProblems(
    `Some options do not apply to environment "${environment}"`,
    Object.entries(localOptions).flatMap(([name, problem]) => {
      const value = given[name as keyof typeof localOptions];
      return value === undefined || value === "pulumi" ? [] : [problem];
    }),
  );
}
