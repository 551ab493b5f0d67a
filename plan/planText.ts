import colours from "picocolors";
import type { Exemption } from "../components/core/exemption.ts";
import { hanging, lineWidth } from "../components/core/hanging.ts";
import { stackNameParts } from "../components/core/stackName.ts";
import { spanText } from "../components/model/releasePlan/spanText.ts";
import { nameIn } from "../engine/recordedResource.ts";
import type { CostChange } from "./cost/costChange.ts";
import { budgetLines, costChangeLines, costLines } from "./cost/costText.ts";
import { findings, type Plan } from "./plan.ts";
import type { Change, PlannedResource } from "./planDocument.ts";
import type { PolicyFinding } from "./policies/policyResult.ts";

/**
 * A plan as text, in pieces: every resource under its component, releases, the cost, `more`, then what the policies
 * found.
 */
export async function* planText(plan: Plan, more = ""): AsyncGenerator<string> {
  for (const stack of plan.stacks) {
    yield `${colours.bold(stack.stack)}\n`;
    const apart = stacksOfClusters(stack.stack);
    if (apart !== undefined) yield `  ${colours.dim(apart)}\n`;
    for await (const resources of stack.resources())
      yield treeLines(resources)
        .map((line) => `${line}\n`)
        .join("");
    for (const key of stack.missingConfig) yield `  ${colours.dim(`assumes configuration ${key}`)}\n`;
    yield "\n";
  }
  yield `${releaseLines(plan).join("\n")}\n\n`;
  const cost = costLines(plan.cost);
  if (cost.length > 0) yield `${cost.join("\n")}\n\n`;
  if (more !== "") yield `${more}\n\n`;
  yield `${planSummary(plan)}\n`;
}

/** What `serin up` makes of a layer that is planned as one: the stack of this name alone would hold all clusters. */
function stacksOfClusters(stack: string): string | undefined {
  const parts = stackNameParts(stack);
  return parts === undefined || parts.layer === "cluster" || parts.environment === "local"
    ? undefined
    : `serin up makes a stack for each cluster: ${stack}-<cluster>`;
}

/** What happens when a version changes. */
function releaseLines({ releases }: Plan): string[] {
  return [
    colours.bold("releases"),
    // The weights, then what decides them: one line of both is wider than a terminal.
    ...releases.flatMap(({ model, version, release, longestSeconds }) => [
      `  ${model} version ${version}`,
      ...hanging("    ", 4, [release], lineWidth()),
      ...(longestSeconds === undefined
        ? []
        : [`    takes up to ${spanText(longestSeconds)} at the trough of the traffic`]),
    ]),
  ];
}

/** The changes of a plan as text, the cost against the earlier plan, then what the policies found. */
export function changesText(changes: readonly Change[], plan: Plan, cost: CostChange): string {
  const marks = {
    create: colours.green("+ create"),
    update: colours.yellow("~ update"),
    delete: colours.red("- delete"),
  };
  const lines = changes.flatMap(({ kind, resource, inputs }) => [
    `${marks[kind]}  ${resourceLine(resource)}`,
    ...inputs.map(({ path, before, after }) => `    ${path}: ${short(before)} → ${short(after)}`),
  ]);
  return [
    ...(lines.length === 0 ? ["Nothing changes."] : lines),
    "",
    ...costChangeLines(cost),
    "",
    ...findingLines(plan),
    ...countLines(plan),
  ].join("\n");
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}

/** A plan in a few lines: the number of resources, and what the policies found. */
export function planSummary(plan: Plan): string {
  return [...findingLines(plan), ...countLines(plan)].join("\n");
}

function treeLines(resources: readonly PlannedResource[]): string[] {
  const children = Map.groupBy(resources, ({ parent }) => parent ?? "");
  const known = new Set(resources.map(({ urn }) => urn));
  const lines = (resource: PlannedResource, depth: number): string[] => [
    `${"  ".repeat(depth)}${resourceLine(resource)}`,
    ...(children.get(resource.urn) ?? []).flatMap((child) => lines(child, depth + 1)),
  ];
  const roots = resources.filter(({ parent }) => parent === undefined || !known.has(parent));
  return roots.flatMap((resource) => lines(resource, 1));
}

/** `Rollout models/fraud`, else the name in the program. */
function resourceLine({ type, name, inputs }: PlannedResource): string {
  if (type.startsWith("pulumi:providers:")) return colours.dim(`provider ${name}`);
  const kind = type.slice(type.lastIndexOf(":") + 1);
  const metadata = (inputs as { metadata?: { name?: string; namespace?: string } }).metadata;
  const object =
    metadata?.name === undefined
      ? name
      : [metadata.namespace, metadata.name].filter((part) => part !== undefined).join("/");
  return type.startsWith("serin:") ? `${colours.bold(kind)} ${name}` : `${kind} ${object}`;
}

/** What is said of several resources, such as a model on each cluster, is said once. */
function findingLines(plan: Plan): string[] {
  const alike = Map.groupBy(findings(plan), ({ status, enforcement, policy, message, exemption }) =>
    JSON.stringify([status, enforcement, policy, message, exemption]),
  );
  const lines = [...[...alike.values()].flatMap((ones) => findingLine(ones, plan)), ...exemptionLines(plan)];
  return lines.length === 0 ? [] : [...lines, ""];
}

/** A mark and a word for each kind, so that it can be told without colour. */
function findingLine(alike: readonly PolicyFinding[], plan: Plan): string[] {
  const [first] = alike;
  if (first === undefined) return [];
  const { status, enforcement, policy, message, exemption } = first;
  const mark =
    status === "undetermined"
      ? colours.cyan("? undetermined")
      : status === "exempted"
        ? colours.dim("= exempted")
        : enforcement === "mandatory"
          ? colours.red("✗ violation")
          : colours.yellow("! advice");
  const remedy = status !== "violation" ? "" : (summaryOf(plan, policy)?.remediationSteps ?? "");
  return [
    `${mark}  ${policy}  ${alike.map(({ urn }) => nameIn(urn)).join(", ")}`,
    ...hanging("    ", 4, [message], lineWidth()),
    ...(status === "exempted" && exemption !== undefined
      ? hanging("    ", 4, [exemptionText(exemption)], lineWidth())
      : []),
    ...(remedy === "" ? [] : hanging("    ", 4, [remedy], lineWidth()).map((line) => colours.dim(line))),
  ];
}

/** Exemptions that nothing falls under, and those that hold no more. The others stand at what they exempt. */
function exemptionLines({ exemptions }: Plan): string[] {
  return exemptions.flatMap((exemption) => {
    if (exemption.use === "used") return [];
    const mark =
      exemption.use === "expired" ? colours.red("✗ expired exemption") : colours.yellow("! unused exemption");
    return [
      `${mark}  ${exemption.policy}  ${nameIn(exemption.resource)}`,
      ...hanging("    ", 4, [exemptionText(exemption)], lineWidth()),
    ];
  });
}

/** `until 2027-03-31, payments team, OPS-7: the vendor signs its images from March on` */
export function exemptionText({ owner, reason, ticket, expires }: Exemption): string {
  return `until ${expires}, ${owner}, ${ticket}: ${reason}`;
}

function summaryOf({ stacks }: Plan, policy: string) {
  return stacks.flatMap(({ policies }) => policies.policies).find((summary) => summary.policy === policy);
}

function countLines(plan: Plan): string[] {
  const count = (key: "mandatoryViolations" | "advisoryViolations" | "undetermined" | "exempted") =>
    plan.stacks.reduce((sum, { policies }) => sum + policies.counts[key], 0);
  const exempted = count("exempted");
  const resources = plan.stacks.reduce((sum, stack) => sum + stack.resourceCount, 0);
  const rules = plan.stacks[0]?.policies.policies.length ?? 0;
  return [
    `${plan.environment}: ${plan.stacks.length} layers, ${resources} resources`,
    ...budgetLines(plan.cost),
    `${rules} policies: ${count("mandatoryViolations")} violations, ${count("advisoryViolations")} advice, ${count("undetermined")} undetermined${exempted === 0 ? "" : `, ${exempted} exempted`}`,
  ];
}
