import { createHash } from "node:crypto";
import { nameIn } from "../../engine/recordedResource.ts";
import { findings, overBudget } from "../plan.ts";
import { exemptionText } from "../planText.ts";
import type { PolicyFinding, PolicySummary, Severity } from "../policies/policyResult.ts";
import { type DeclaredAt, outcomeOf, type PlanReport, policiesOf } from "./planReport.ts";

/**
 * The findings in SARIF 2.1.0, each at the line of the declaration that it comes from. Exempted findings are there and
 * suppressed; an exemption that is unused or has expired is a result of a rule of its own.
 */
export function planSarif(report: PlanReport): string {
  const { plan } = report;
  const policies = policiesOf(plan);
  const ruleIds = [...policies.map(({ policy }) => policy), exemptionRule.id, budgetRule.id];
  const [pack] = plan.stacks.map(({ policies: { pack } }) => pack);
  const unused = plan.exemptions.flatMap((exemption) =>
    exemption.use === "used"
      ? []
      : [
          result({
            ruleId: exemptionRule.id,
            ruleIndex: ruleIds.indexOf(exemptionRule.id),
            level: exemption.use === "expired" ? "error" : "warning",
            text: `The exemption from ${exemption.policy} is ${exemption.use}: ${exemptionText(exemption)}.`,
            urn: exemption.resource,
            at: report.declaredAt(exemption.resource),
          }),
        ],
  );
  const above = overBudget(plan).map(({ path, reason, fix = "" }) => {
    const urn = `urn:pulumi:${plan.environment}-cluster::budget::budget::${path}`;
    return result({
      ruleId: budgetRule.id,
      ruleIndex: ruleIds.indexOf(budgetRule.id),
      level: "error",
      text: `${path}: ${reason} ${fix}`,
      urn,
      at: report.declaredAt(urn),
    });
  });
  const log = {
    $schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "serin",
            semanticVersion: pack?.version ?? "0.0.0",
            rules: [...policies.map(rule), exemptionRule, budgetRule],
          },
        },
        automationDetails: { id: `serin/${plan.environment}/` },
        columnKind: "utf16CodeUnits",
        results: [
          ...findings(plan).map((finding) => resultOf(finding, ruleIds.indexOf(finding.policy), report)),
          ...unused,
          ...above,
        ],
      },
    ],
  };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}

/** By GitHub's scale of 0 to 10, where 9 and more is critical, 7 and more high, 4 and more medium. */
const scores: Readonly<Record<Severity, string>> = { low: "2.0", medium: "5.0", high: "8.0", critical: "9.5" };

const exemptionRule = {
  id: "exemption",
  name: "An exemption is in force and needed",
  shortDescription: { text: "An exemption is in force and needed" },
  fullDescription: { text: "An exemption that has expired stops a deployment; one that nothing falls under can go." },
};

const budgetRule = {
  id: "budget",
  name: "The cost of a month is within the budget",
  shortDescription: { text: "The cost of a month is within the budget" },
  fullDescription: { text: "What the clouds bill a month at list prices is at most what the environment declares." },
};

function rule({ policy, displayName, description, severity, enforcement, remediationSteps, url }: PolicySummary) {
  return {
    id: policy,
    name: displayName || policy,
    shortDescription: { text: displayName || policy },
    fullDescription: { text: description || policy },
    ...(remediationSteps === "" ? {} : { help: { text: remediationSteps } }),
    ...(/^https?:\/\/[^\s]+$/.test(url) ? { helpUri: url } : {}),
    defaultConfiguration: { level: enforcement === "mandatory" ? "error" : "warning" },
    properties: { "security-severity": scores[severity], severity, tags: ["security", "kubernetes"] },
  };
}

function resultOf(finding: PolicyFinding, ruleIndex: number, { declaredAt }: PlanReport) {
  const { policy, urn, message, exemption } = finding;
  const outcome = outcomeOf(finding);
  return {
    ...result({
      ruleId: policy,
      ruleIndex,
      level: outcome === "undetermined" ? "none" : finding.enforcement === "mandatory" ? "error" : "warning",
      text: `${nameIn(urn)}: ${message}`,
      urn,
      at: declaredAt(urn),
    }),
    // SARIF's word for what there was not enough information to decide.
    ...(outcome === "undetermined" ? { kind: "open" } : {}),
    ...(outcome === "exempted" && exemption !== undefined
      ? { suppressions: [{ kind: "external", status: "accepted", justification: exemptionText(exemption) }] }
      : {}),
  };
}

interface ResultParts {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: "none" | "warning" | "error";
  readonly text: string;
  readonly urn: string;
  readonly at: DeclaredAt;
}

function result({ ruleId, ruleIndex, level, text, urn, at: { file, line } }: ResultParts) {
  return {
    ruleId,
    ...(ruleIndex < 0 ? {} : { ruleIndex }),
    level,
    message: { text },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: file.split("/").map(encodeURIComponent).join("/") },
          region: { startLine: line },
        },
        logicalLocations: [{ name: nameIn(urn), fullyQualifiedName: urn, kind: "resource" }],
      },
    ],
    // The same finding in another commit, wherever its declaration has moved to.
    partialFingerprints: { "serinFinding/v1": createHash("sha256").update(`${ruleId}\n${urn}\n${text}`).digest("hex") },
  };
}
