import type { Exemption } from "../../components/core/exemption.ts";

/** What a violation does: an advisory one is shown, a mandatory one stops a deployment. */
export type Enforcement = "advisory" | "mandatory";
/** How grave a violation is, as the policy says. */
export type Severity = "low" | "medium" | "high" | "critical";

/** What one policy has to say about one resource, or about the stack as a whole. */
export interface PolicyFinding {
  /** Name of the policy, for example `image-require-digest`. */
  readonly policy: string;
  /** How grave it is. */
  readonly severity: Severity;
  /**
   * How strictly the policy is enforced in this environment. Kept for undetermined findings too, where the SDK itself
   * reports `advisory` whatever the policy's level is.
   */
  readonly enforcement: Enforcement;
  /**
   * `undetermined`: the policy met a value that only the deployment will know, so it has neither passed nor failed.
   * `exempted`: a violation that the environment accepts until a day.
   */
  readonly status: "violation" | "undetermined" | "exempted";
  /** URN of the resource; of the stack itself when the finding is about the stack. */
  readonly urn: string;
  /** One line, without the policy's description. Values that are secret are masked. */
  readonly message: string;
  /** The exemption that the finding falls under; of a violation, one that has expired. Absent: there is none. */
  readonly exemption?: Exemption;
}

/** The result of one policy in a stack. Resources are counted; a policy about the stack counts 1. */
export interface PolicySummary {
  /** The name of the policy. */
  readonly policy: string;
  /** Whether it checks each resource, or the stack as a whole. */
  readonly kind: "resource" | "stack";
  /** The name of the policy for people. */
  readonly displayName: string;
  /** What the policy requires. */
  readonly description: string;
  /** How grave a violation is. */
  readonly severity: Severity;
  /** What a violation does in this environment. */
  readonly enforcement: Enforcement;
  /** What to do about a violation. */
  readonly remediationSteps: string;
  /** Where to read more. */
  readonly url: string;
  /** How many the policy applied to, without a finding. */
  readonly passed: number;
  /** How many have a violation. */
  readonly violated: number;
  /** How many have an undetermined finding. */
  readonly undetermined: number;
  /** How many have a violation that the environment has exempted. */
  readonly exempted: number;
  /** How many the policy did not apply to. */
  readonly notApplicable: number;
}

/** What the policies say of one stack. */
export interface PolicyResult {
  /** The policy pack. */
  readonly pack: { readonly name: string; readonly version: string };
  /** The stack's name. */
  readonly stack: string;
  /** Everything the policies found. */
  readonly findings: readonly PolicyFinding[];
  /** One summary for each policy that is not disabled, in the order of the pack. */
  readonly policies: readonly PolicySummary[];
  /** Totals over all policies. */
  readonly counts: PolicyCounts;
}

/** Totals over all policies of a stack. */
export interface PolicyCounts {
  /** Pairs of a policy and a resource without a finding, where the policy applied. */
  readonly passed: number;
  /** Violations that stop a deployment. */
  readonly mandatoryViolations: number;
  /** Violations that are shown. */
  readonly advisoryViolations: number;
  /** Findings that only the deployment can decide. */
  readonly undetermined: number;
  /** Violations that the environment has exempted. */
  readonly exempted: number;
  /** Pairs of a policy and a resource that the policy did not apply to. */
  readonly notApplicable: number;
}
