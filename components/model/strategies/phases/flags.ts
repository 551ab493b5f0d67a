import { dnsLabelProblems } from "../../../core/names.ts";
import type { Problem } from "../../../core/problem.ts";

/**
 * Who is in a cohort, as a feature flag. Applications evaluate it with an OpenFeature SDK for each user, and send its
 * value as the cohort's header if it is not empty. The definitions are for flagd.
 */
export interface CohortFlag {
  /** The flag's key, lower-case letters, digits and dashes. @default "<model>-cohort" */
  readonly key?: string;
  /** Targeting keys of users who are always in the cohort. @default none */
  readonly users?: readonly string[];
  /**
   * Percent of all other users who are in the cohort, a whole number from 0 to 100. Who is in it at 5 is in it at 10,
   * too.
   * @default 0
   */
  readonly percent?: number;
}

/** Problems of a flag, by the path below it. */
export function flagProblems({ key, users = [], percent = 0 }: CohortFlag): Problem[] {
  const problems = key === undefined ? [] : dnsLabelProblems("key", key);
  for (const [index, user] of users.entries()) {
    if (typeof user === "string" && user !== "") continue;
    problems.push({
      path: `users[${index}]`,
      reason: "it is empty.",
      fix: "Write the targeting key of a user, as the application gives it to OpenFeature.",
    });
  }
  if (!(Number.isInteger(percent) && percent >= 0 && percent <= 100)) {
    problems.push({
      path: "percent",
      reason: `${percent} is not a whole number from 0 to 100.`,
      fix: "Write the percent of users who are in the cohort.",
    });
  }
  return problems;
}

/**
 * The definitions of the flags of these cohorts, as flagd reads them
 * (https://flagd.dev/reference/flag-definitions/); undefined where no cohort has one. The value of a flag is that of
 * the cohort's header for users in the cohort, and empty for others.
 */
export function flagDefinitions(
  name: string,
  cohorts: readonly { readonly value: string; readonly flag?: CohortFlag }[],
): object | undefined {
  const flags = cohorts.flatMap(({ value, flag }) =>
    flag === undefined ? [] : [[flag.key ?? `${name}-cohort`, flagOf(value, flag)] as const],
  );
  if (flags.length === 0) return undefined;
  return { $schema: "https://flagd.dev/schema/v0/flags.json", flags: Object.fromEntries(flags) };
}

/** `fractional` gives a user the same variant each time. */
function flagOf(value: string, { users = [], percent = 0 }: CohortFlag): object {
  const user = { var: "targetingKey" };
  const split = { fractional: [{ cat: [{ var: "$flagd.flagKey" }, user] }, ["in", percent], ["out", 100 - percent]] };
  const others = percent === 0 ? "out" : split;
  return {
    state: "ENABLED",
    variants: { in: value, out: "" },
    defaultVariant: "out",
    targeting: users.length === 0 ? { if: [true, others] } : { if: [{ in: [user, users] }, "in", others] },
  };
}
