import { type Exemption, exemptionOf, expiredNote, isExpired } from "../../components/core/exemption.ts";
import type { analyzer } from "../../engine/sdkInternals.ts";
import { countsOf } from "./mergedPolicies.ts";
import type { Analysis } from "./policyClient.ts";
import type { PolicyFinding, PolicyResult, PolicySummary } from "./policyResult.ts";

type Tally = "passed" | "violated" | "undetermined" | "exempted" | "notApplicable";

const nothing: Readonly<Record<Tally, number>> = {
  passed: 0,
  violated: 0,
  undetermined: 0,
  exempted: 0,
  notApplicable: 0,
};

/** A policy that is in force. */
export type PolicyUnderReport = Omit<PolicySummary, Tally>;

/** What an environment exempts, and the day on which it is judged. */
export interface Exemptions {
  /** The exemptions of the environment. */
  readonly declared: readonly Exemption[];
  /** The day in UTC: `2027-03-31`. */
  readonly day: string;
}

/** Puts together what a pack says of one stack. */
export class PolicyReport {
  readonly #pack: PolicyResult["pack"];
  readonly #stack: string;
  readonly #policies: readonly PolicyUnderReport[];
  readonly #mask: (message: string) => string;
  readonly #exemptions: Exemptions;
  readonly #findings: PolicyFinding[] = [];
  readonly #tallies = new Map<string, Record<Tally, number>>();

  constructor(
    pack: PolicyResult["pack"],
    stack: string,
    policies: readonly PolicyUnderReport[],
    mask: (message: string) => string,
    exemptions: Exemptions,
  ) {
    this.#pack = pack;
    this.#stack = stack;
    this.#policies = policies;
    this.#mask = mask;
    this.#exemptions = exemptions;
    for (const { policy } of policies) {
      this.#tallies.set(policy, { ...nothing });
    }
  }

  /** Takes in what the policies of one kind said of one resource or of the stack. */
  add(kind: PolicyUnderReport["kind"], { diagnostics, notApplicable }: Analysis, urn: string): void {
    for (const policy of this.#policies) {
      const tally = this.#tallies.get(policy.policy);
      if (policy.kind !== kind || tally === undefined) continue;
      const findings = diagnostics
        .filter((diagnostic) => diagnostic.getPolicyname() === policy.policy)
        .map((diagnostic) => this.#finding(policy, diagnostic, urn));
      this.#findings.push(...findings);

      if (findings.some(({ status }) => status === "violation")) tally.violated++;
      if (findings.some(({ status }) => status === "undetermined")) tally.undetermined++;
      if (findings.some(({ status }) => status === "exempted")) tally.exempted++;
      if (findings.length === 0) tally[notApplicable.includes(policy.policy) ? "notApplicable" : "passed"]++;
    }
  }

  /** The result of what was taken in. */
  result(): PolicyResult {
    const policies = this.#policies.map((policy): PolicySummary => {
      const tally = this.#tallies.get(policy.policy) ?? nothing;
      return { ...policy, ...tally };
    });
    const counts = countsOf(this.#findings, policies);
    return { pack: this.#pack, stack: this.#stack, findings: this.#findings, policies, counts };
  }

  #finding(
    { policy, severity, enforcement, description }: PolicyUnderReport,
    diagnostic: analyzer.AnalyzeDiagnostic,
    urn: string,
  ): PolicyFinding {
    const text = diagnostic.getMessage();
    const unknown = whatIsUnknown(text);
    const about = { policy, urn: diagnostic.getUrn() || urn };
    const { declared, day } = this.#exemptions;
    const exemption = exemptionOf(declared, about, day);
    const expired = exemption !== undefined && isExpired(exemption, day);
    const message = this.#mask(unknown ?? text.replace(`${description}\n`, ""));
    const accepted = exemption !== undefined && !expired;
    return {
      policy,
      severity,
      enforcement,
      status: unknown !== undefined ? "undetermined" : accepted ? "exempted" : "violation",
      urn: about.urn,
      message: unknown === undefined && expired ? `${message} ${expiredNote(exemption)}` : message,
      ...(exemption === undefined ? {} : { exemption }),
    };
  }
}

/**
 * The SDK turns a rule that met an unknown value into an advisory diagnostic that only its wording tells from a
 * violation. A violation cannot be worded so: its text starts with the policy's description.
 */
function whatIsUnknown(message: string): string | undefined {
  if (!message.startsWith("can't run policy '")) return undefined;
  const paths = [...message.matchAll(/value at \.(?<path>.+?) can't be known during preview/g)].map(
    ({ groups }) => groups?.path ?? "",
  );
  return paths.length === 0 ? message : `${paths.join(", ")}: known only after the deployment.`;
}
