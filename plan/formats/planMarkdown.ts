import { stripVTControlCharacters } from "node:util";
import { nameIn } from "../../engine/recordedResource.ts";
import { costChangeLines, costLines } from "../cost/costText.ts";
import { findings, objections, overBudget } from "../plan.ts";
import type { Change, ExemptionUse } from "../planDocument.ts";
import { exemptionText } from "../planText.ts";
import type { PolicyFinding } from "../policies/policyResult.ts";
import { planMermaid } from "./planMermaid.ts";
import { type Outcome, outcomeOf, type PlanReport, policiesOf } from "./planReport.ts";

/** The most characters that a comment on GitHub may have; a note on GitLab may have more. */
export const longestComment = 65_536;

/** Room for a section's heading, without its title, and for the line that says how much of it was left out. */
const roomForEnds = 160;
/** A section may use at least this part of the whole. */
const shares = 16;
/** Of one change this many inputs are shown, and of a text this many characters. */
const mostInputs = 20;
const longestText = 600;

interface Section {
  readonly title: string;
  /** Each is shown whole or not at all. */
  readonly blocks: readonly string[];
}

/**
 * A plan as a comment on a pull request. What stops a deployment comes first. Where all is too long, changes are shown
 * with fewer of their inputs, then without; then each section ends early at the end of a block, and says how many it
 * leaves out.
 */
export function planMarkdown(report: PlanReport, longest = longestComment): string {
  const inputs = [mostInputs, 3, 0].find((count) => textOf(sectionsOf(report, count), report).length <= longest) ?? 0;
  return textOf(sectionsOf(report, inputs), report, longest);
}

function sectionsOf(report: PlanReport, inputs: number): Section[] {
  const { plan, environment, changes = [] } = report;
  return [
    {
      title: "Above the budget, which stops the deployment",
      blocks: overBudget(plan).map(({ path, reason, fix = "" }) => `- ${code(path)}: ${plain(reason)} ${plain(fix)}\n`),
    },
    ...findingSections(report),
    { title: "Exemptions to look at", blocks: plan.exemptions.flatMap(exemptionBlock) },
    ...changeSections(changes, inputs),
    { title: "Cost", blocks: costBlocks(report) },
    {
      title: "Releases",
      blocks: plan.releases.map(
        ({ model, version, release }) => `- ${code(`${model} ${version}`)}: ${plain(release)}\n`,
      ),
    },
    { title: "Diagram", blocks: [`\`\`\`mermaid\n${planMermaid(environment)}\`\`\`\n`] },
  ].filter(({ blocks }) => blocks.length > 0);
}

function textOf(sections: readonly Section[], report: PlanReport, longest = Number.POSITIVE_INFINITY): string {
  // A long section leaves those after it at least their headings and a share of the room.
  const least = ({ title, blocks }: Section) =>
    title.length +
    roomForEnds +
    Math.min(
      longest / shares,
      blocks.reduce((sum, block) => sum + block.length, 0),
    );
  let text = head(report);
  let reserved = sections.reduce((sum, section) => sum + least(section), 0);
  for (const section of sections) {
    const { title, blocks } = section;
    reserved -= least(section);
    text += `\n#### ${title}${blocks.length > 1 ? ` (${blocks.length})` : ""}\n\n`;
    const room = longest - reserved - roomForEnds;
    let shown = 0;
    for (const block of blocks) {
      if (text.length + block.length > room) break;
      text += block;
      shown += 1;
    }
    const left = blocks.length - shown;
    if (left > 0) text += `\n_${left} more: ${code(`npx serin plan ${report.plan.environment}`)} shows all._\n`;
  }
  return text;
}

function head({ plan, changes }: PlanReport): string {
  const total = (outcome: Outcome) => findings(plan).filter((finding) => outcomeOf(finding) === outcome).length;
  const expired = plan.exemptions.filter(({ use }) => use === "expired").length;
  const stops = objections(plan).length > 0;
  const resources = plan.stacks.reduce((sum, { resourceCount }) => sum + resourceCount, 0);
  const kinds = (["create", "update", "delete"] as const).map(
    (kind) => `${changes?.filter((change) => change.kind === kind).length ?? 0} ${kind}`,
  );
  return [
    `### serin plan ${code(plan.environment)}: ${stops ? "❌ the policies object" : "✅ nothing objects"}`,
    "",
    `${resources} resources${changes === undefined ? "" : `, changes: ${kinds.join(", ")}`}. ${policiesOf(plan).length} policies: ` +
      `**${total("violation")} violations**, ${total("advice")} advice, ${total("undetermined")} undetermined, ` +
      `${total("exempted")} exempted${expired === 0 ? "" : `, **${expired} expired exemptions**`}.`,
    "",
    "| Layer | Resources | Violations | Advice | Undetermined | Exempted |",
    "| --- | ---: | ---: | ---: | ---: | ---: |",
    ...plan.stacks.map(
      ({ stack, resourceCount, policies: { counts } }) =>
        `| ${stack} | ${resourceCount} | ${counts.mandatoryViolations} | ${counts.advisoryViolations} | ${counts.undetermined} | ${counts.exempted} |`,
    ),
    "",
  ].join("\n");
}

function findingSections(report: PlanReport): Section[] {
  const titles: Readonly<Record<Outcome, string>> = {
    violation: "Violations, which stop the deployment",
    advice: "Advice",
    undetermined: "Undetermined: known only after the deployment",
    exempted: "Exempted",
  };
  const remedies = new Map(policiesOf(report.plan).map(({ policy, remediationSteps }) => [policy, remediationSteps]));
  return (["violation", "advice", "undetermined", "exempted"] as const).map((outcome) => {
    const alike = Map.groupBy(
      findings(report.plan).filter((finding) => outcomeOf(finding) === outcome),
      ({ policy, message }) => JSON.stringify([policy, message]),
    );
    const blocks = [...alike.values()].map((ones) => findingBlock(ones, remedies, report));
    return { title: titles[outcome], blocks };
  });
}

/** What is said of several resources, such as a model on each cluster, is said once. */
function findingBlock(
  alike: readonly PolicyFinding[],
  remedies: ReadonlyMap<string, string>,
  { declaredAt }: PlanReport,
): string {
  const [first] = alike;
  if (first === undefined) return "";
  const { policy, severity, urn, message, exemption, status } = first;
  const { file, line } = declaredAt(urn);
  const names = alike.slice(0, mostInputs).map((one) => code(nameIn(one.urn)));
  const more = alike.length > names.length ? ` and ${alike.length - names.length} more` : "";
  const remedy = status === "violation" ? (remedies.get(policy) ?? "") : "";
  return [
    `- **${plain(policy)}** (${severity}) ${names.join(", ")}${more}, ${code(`${file}:${line}`)}\n  ${plain(message)}\n`,
    ...(exemption === undefined ? [] : [`  ${plain(exemptionText(exemption))}\n`]),
    ...(remedy === "" ? [] : [`  _${plain(remedy)}_\n`]),
  ].join("");
}

/** As in the text: the difference where there is an earlier plan. */
function costBlocks({ plan, costChange }: PlanReport): string[] {
  const lines = costChange === undefined ? costLines(plan.cost) : costChangeLines(costChange);
  const text = stripVTControlCharacters(lines.join("\n")).trimEnd();
  return text === "" ? [] : [`\`\`\`text\n${text.replaceAll("```", "~~~")}\n\`\`\`\n`];
}

function exemptionBlock(exemption: ExemptionUse): string[] {
  const { use, policy, resource } = exemption;
  return use === "used"
    ? []
    : [`- **${use}** ${plain(policy)} ${code(nameIn(resource))}\n  ${plain(exemptionText(exemption))}\n`];
}

function changeSections(changes: readonly Change[], inputs: number): Section[] {
  const titles = { delete: "Deleted", create: "Created", update: "Updated" } as const;
  return (["delete", "update", "create"] as const).map((kind) => ({
    title: titles[kind],
    blocks: changes.filter((change) => change.kind === kind).map((change) => changeBlock(change, inputs)),
  }));
}

function changeBlock({ resource: { type, name }, inputs }: Change, most: number): string {
  const shown = inputs.slice(0, most).map(({ path, before, after }) => {
    const [was, is] = [before, after].map((value) => code(JSON.stringify(value) ?? "nothing", 100));
    return `  - ${code(path, 200)}: ${was} → ${is}\n`;
  });
  const left = inputs.length - shown.length;
  const more = left === 0 ? "" : `  - ${shown.length === 0 ? left : `and ${left} more`} inputs\n`;
  return `- ${code(`${type.slice(type.lastIndexOf(":") + 1)} ${name}`)}\n${shown.join("")}${more}`;
}

/** Text as it is: no markup, no HTML, nobody notified. */
function plain(text: string): string {
  return cut(text, longestText)
    .replace(/\s+/g, " ")
    .replace(/[\\`*_{}[\]<>|~#&]/g, (mark) => (mark === "&" ? "&amp;" : mark === "<" ? "&lt;" : `\\${mark}`))
    .replaceAll("@", "&#64;");
}

/** Text between backticks, more of them than the text has in a row. */
function code(text: string, longest = longestText): string {
  const line = cut(text, longest).replace(/\s+/g, " ");
  const fence = "`".repeat(Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length)) + 1);
  return /^`|`$/.test(line) ? `${fence} ${line} ${fence}` : `${fence}${line}${fence}`;
}

function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1).toWellFormed()}…`;
}
