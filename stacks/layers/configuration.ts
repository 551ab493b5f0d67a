import * as pulumi from "@pulumi/pulumi";
import { rejectProblems } from "../../components/core/problem.ts";
import type { ClusterSpec } from "../environments/clusterSpec.ts";

const accountKeys = {
  aws: ["awsAccount"],
  azure: ["azureSubscription", "azureTenant"],
  gcp: ["gcpProject", "gcpProjectNumber"],
} as const;

/**
 * Looks for all configuration that clusters need before the first of them is declared, so that a person who sets up a stack is told once.
 *
 * @throws ProblemError with every key that is not set.
 */
export function requireConfiguration(specs: readonly ClusterSpec[]): void {
  const config = new pulumi.Config();
  const accounts = specs.flatMap((spec) => (spec.cloud === "onPrem" ? [] : accountKeys[spec.cloud]));
  const secrets = specs.flatMap(secretKeys);
  rejectProblems("Configuration is missing", [
    ...unset(accounts, (key) => config.require(key), "a value that is not secret", ""),
    ...unset(secrets, (key) => config.requireSecret(key), "a secret", "--secret "),
  ]);
}

function secretKeys(spec: ClusterSpec): string[] {
  if (spec.cloud !== "onPrem") return [];
  const { kubeconfig, modelStore } = spec;
  const keys = modelStore !== undefined && "s3" in modelStore ? Object.values(modelStore.s3.credentials) : [];
  return [...(kubeconfig === undefined ? [] : [kubeconfig]), ...keys].map(({ secret }) => secret);
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
