import { nameIn } from "../../engine/recordedResource.ts";
import { overBudget } from "../plan.ts";
import { exemptionText } from "../planText.ts";
import type { PolicyFinding } from "../policies/policyResult.ts";
import { outcomeOf, type PlanReport } from "./planReport.ts";

/**
 * The policies as JUnit's XML, which every CI reads: a suite for each stack, a case for each finding and one for each
 * policy without any. Violations of mandatory policies fail; advice passes and has an output; what is undetermined or
 * exempted is skipped.
 */
export function planJunit({ plan }: PlanReport): string {
  const suites = plan.stacks.map(({ stack, policies: { policies, findings } }) => ({
    name: stack,
    cases: policies.flatMap(({ policy, displayName }) => {
      const found = findings.filter((finding) => finding.policy === policy);
      return found.length === 0
        ? [testCase(stack, policy, displayName, "")]
        : found.map((finding) => testCase(stack, policy, nameIn(finding.urn), inside(finding)));
    }),
  }));
  const exemptions = plan.exemptions.map((exemption) => {
    const text = exemptionText(exemption);
    const said =
      exemption.use === "expired"
        ? `<failure type="exemption" message="${xml(`expired: ${text}`)}"/>`
        : exemption.use === "unused"
          ? `<system-out>${xml(`unused: ${text}`)}</system-out>`
          : "";
    return testCase("exemptions", exemption.policy, nameIn(exemption.resource), said);
  });
  const tooDear = overBudget(plan).map(({ reason }) => `<failure type="budget" message="${xml(reason)}"/>`);
  const budget =
    plan.cost.budget === undefined ? [] : [testCase("budget", "perMonth", "the cost of a month", tooDear.join(""))];
  const beside = [
    { name: "exemptions", cases: exemptions },
    { name: "budget", cases: budget },
  ];
  const all = [...suites, ...beside.filter(({ cases }) => cases.length > 0)];
  const cases = all.flatMap((suite) => suite.cases);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${xml(`serin plan ${plan.environment}`)}" ${counts(cases)}>`,
    ...all.flatMap(({ name, cases: own }) => [
      `  <testsuite name="${xml(name)}" ${counts(own)}>`,
      ...own.map((one) => `    ${one}`),
      "  </testsuite>",
    ]),
    "</testsuites>",
    "",
  ].join("\n");
}

function testCase(suite: string, policy: string, name: string, body: string): string {
  const attributes = `classname="${xml(`${suite}.${policy}`)}" name="${xml(name)}"`;
  return body === "" ? `<testcase ${attributes}/>` : `<testcase ${attributes}>${body}</testcase>`;
}

function inside(finding: PolicyFinding): string {
  const { severity, urn, message, exemption } = finding;
  switch (outcomeOf(finding)) {
    case "violation":
      return `<failure type="${severity}" message="${xml(message)}">${xml(`${urn}\n${message}`)}</failure>`;
    case "advice":
      return `<system-out>${xml(`advice (${severity}): ${urn}\n${message}`)}</system-out>`;
    case "undetermined":
      return `<skipped message="${xml(`undetermined: ${message}`)}"/>`;
    case "exempted":
      return `<skipped message="${xml(`exempted ${exemption === undefined ? "" : exemptionText(exemption)}`)}"/>`;
  }
}

function counts(cases: readonly string[]): string {
  const having = (element: string) => cases.filter((one) => one.includes(`><${element} `)).length;
  return `tests="${cases.length}" failures="${having("failure")}" errors="0" skipped="${having("skipped")}"`;
}

const marks: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\n": "&#10;",
};

/** Text inside an element or an attribute. XML has no place for most control characters and for half a pair. */
function xml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replace(/[&<>"\n]/g, (mark) => marks[mark] ?? mark);
}
