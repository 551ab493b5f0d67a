import { type ClusterSpec, cloudOf } from "../components/cluster/clouds.ts";
import { type AccountStep, accountSteps } from "../components/cluster/ruleBook.ts";

/** What a person does in the accounts of clusters before these are brought up; what several clusters ask for, once. */
export function stepsBefore(clusters: readonly ClusterSpec[]): AccountStep[] {
  const steps = clusters.flatMap((spec) => {
    const { ruleBook, rules } = cloudOf(spec);
    return accountSteps("title" in rules ? rules.title : rules.service, ruleBook, spec);
  });
  return [...new Map(steps.map((step) => [`${step.cloud}\n${step.command}`, step])).values()];
}
