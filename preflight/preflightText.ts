import colours from "picocolors";
import type { QuotaNeed } from "../components/cluster/quota.ts";
import type { AccountStep } from "../components/cluster/ruleBook.ts";
import { hanging, lineWidth } from "../components/core/hanging.ts";
import { type CheckResult, count } from "./check.ts";
import { type ClusterReport, withStatus } from "./preflight.ts";

/** A mark and a word for each status, so that it can be told without colour. */
const marks: Readonly<Record<CheckResult["status"], string>> = {
  passed: colours.green("✓ passed    "),
  failed: colours.red("✗ failed    "),
  warning: colours.yellow("! warning   "),
  notApplicable: colours.dim("– not needed"),
};

const titleWidth = 16;
const indent = 2 + 12 + 2 + titleWidth + 2;

/**
 * The result of a preflight as text: quotas, what accounts need before the first `up`, then each cluster with a line
 * for each check. A failure and a warning say what is needed and what to do.
 */
export function preflightText(
  reports: readonly ClusterReport[],
  { quota, accounts }: { readonly quota: readonly QuotaNeed[]; readonly accounts: readonly AccountStep[] },
  width = lineWidth(),
): string {
  return [
    ...(quota.length === 0 ? [] : [...quotaLines(quota, width), ""]),
    ...(accounts.length === 0 ? [] : [...accountLines(accounts, width), ""]),
    ...reports.flatMap((report) => [...clusterLines(report, width), ""]),
    ...reports.flatMap((report) => summaryLine(report)),
  ].join("\n");
}

function quotaLines(quota: readonly QuotaNeed[], width: number): string[] {
  const rows = quota.map(({ cloud, region, needed, unit, quota: name }) => ({
    first: [cloud, region, `${needed} ${unit}`],
    name,
  }));
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map(({ first }) => first[column]?.length ?? 0)));
  return [
    colours.bold("Quota the clusters need at their most"),
    ...rows.flatMap(({ first, name }) => {
      const cells = first.map((cell, column) =>
        column === 2 ? cell.padStart(widths[2] ?? 0) : cell.padEnd(widths[column] ?? 0),
      );
      const beside = `  ${cells.join("  ")}  `;
      return hanging(beside, beside.length, [name], width);
    }),
  ];
}

/** A command stays on one line, because it is something to copy. */
function accountLines(steps: readonly AccountStep[], width: number): string[] {
  return [
    colours.bold("Before the first up, once for each account"),
    ...steps.flatMap(({ cloud, says, command }) => [
      ...hanging(`  ${cloud}: `, 4, [says], width - cloud.length),
      `    ${command}`,
    ]),
  ];
}

function clusterLines({ cluster, server, version, notLookedAt, checks }: ClusterReport, width: number): string[] {
  const where = [server, version].filter((part) => part !== undefined && part !== "").join("  ");
  return [
    `${colours.bold(cluster)}${where === "" ? "" : `  ${colours.dim(where)}`}`,
    ...(notLookedAt === undefined ? [] : hanging(`  ${colours.yellow("? not looked at")}: `, 19, [notLookedAt], width)),
    ...checks.flatMap((check) => checkLines(check, width)),
  ];
}

function checkLines({ status, title, found, needed, fix }: CheckResult, width: number): string[] {
  const first = `  ${marks[status]}  ${title.padEnd(titleWidth)}  `;
  const more =
    status === "failed" || status === "warning" ? [`needed: ${needed}`, ...(fix === undefined ? [] : [fix])] : [];
  return hanging(first, indent, [found, ...more], width);
}

function summaryLine(report: ClusterReport): string {
  const number = (status: CheckResult["status"]) => withStatus(report, status).length;
  const told = `${number("failed")} failed, ${count(number("warning"), "warning")}`;
  return `${report.cluster}: ${report.notLookedAt === undefined ? `${number("passed")} passed` : "not looked at"}, ${told}`;
}
