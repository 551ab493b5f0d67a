import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { clouds } from "../../components/cluster/clouds.ts";
import type { CloudFact } from "../../components/cluster/ruleBook.ts";

const named = Object.values(clouds).filter(({ ruleBook }) => Object.keys(ruleBook).length > 0);

/** The page as it is written, with the rule book as the data has it; `vitest -u` writes it so. */
it.each(named.map(({ rules, adopted, ruleBook }) => [adopted ? "on-prem" : rules.service, ruleBook] as const))(
  "the page of %s quotes its rule book",
  async (service, ruleBook) => {
    const path = `docs/clusters/${service.toLowerCase()}.md`;
    const page = readFileSync(path, "utf8");
    expect(page).toContain("<!-- table: rule book -->");
    const rows = Object.values(ruleBook as Readonly<Record<string, CloudFact>>).map(
      ({ kind, says, source, suspected }) => `| ${kind} | ${says}${suspected ? " (suspected)" : ""} | ${source} |`,
    );
    const current = page.replace(
      /(<!-- table: rule book -->\n)[\s\S]*?(<!-- end -->)/,
      (_, start: string, end: string) =>
        `${start}\n${["| | Fact | Source |", "| --- | --- | --- |", ...rows].join("\n")}\n\n${end}`,
    );
    await expect(current).toMatchFileSnapshot(`../../${path}`);
  },
);
