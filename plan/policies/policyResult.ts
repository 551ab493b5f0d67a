export type Enforcement = "advisory" | "mandatory";
export type Severity = "low" | "medium" | "high" | "critical";

/** What one policy has to say about one resource, or about the stack as a whole. */
export interface PolicyFinding {
  /** Name of the policy, for example `image-require-digest`. */
  readonly policy: string;
  readonly severity: Severity;
  /**
   * How strictly the policy is enforced in this environment. Kept for undetermined findings too, where the SDK itself
   * reports `advisory` whatever the policy's level is.
   */
  readonly enforcement: Enforcement;
  /** `undetermined`: the policy met a value that only the deployment will know, so it has neither passed nor failed. */
  readonly status: "violation" | "undetermined";
  /** URN of the resource; of the stack itself when the finding is about the stack. */
  readonly urn: string;
  /** One line, without the policy's description. Values that are secret are masked. */
  readonly message: string;
}

/** What one policy did in a stack. Counts are of resources; a stack policy judges one thing, the stack. */
export interface PolicySummary {
  readonly policy: string;
  /** What it judges: each resource, or the stack as a whole. */
  readonly kind: "resource" | "stack";
  readonly displayName: string;
  readonly description: string;
  readonly severity: Severity;
  readonly enforcement: Enforcement;
  readonly remediationSteps: string;
  readonly url: string;
  readonly passed: number;
  readonly violated: number;
  readonly undetermined: number;
  readonly notApplicable: number;
}

/** The policies' word on one stack. */
export interface PolicyResult {
  readonly pack: { readonly name: string; readonly version: string };
  readonly stack: string;
  readonly findings: readonly PolicyFinding[];
  /** In the order of the pack; policies that are disabled are left out. */
  readonly policies: readonly PolicySummary[];
  readonly counts: PolicyCounts;
}

export interface PolicyCounts {
  /** Pairs of a policy and a resource in which the policy applied and had nothing to say. */
  readonly passed: number;
  /** Findings, as are the two below. */
  readonly mandatoryViolations: number;
  readonly advisoryViolations: number;
  readonly undetermined: number;
  readonly notApplicable: number;
}
