import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { areas } from "../../diagnosis/rules/rule.ts";
import { rules } from "../../diagnosis/rules/rules.ts";

const path = "docs/troubleshooting.md";

/** The page as it is written, with the rules as the data has them; `vitest -u` writes it so. */
it("the page has every rule of the doctor, with what shows it and what to change", async () => {
  const page = readFileSync(path, "utf8");
  expect(page).toContain("<!-- table: faults -->");
  const cell = (text: string) => text.replaceAll("|", "\\|");
  const tables = areas.flatMap((area) => {
    const rows = rules.filter((rule) => rule.area === area);
    if (rows.length === 0) return [];
    return [
      `### ${area.slice(0, 1).toUpperCase()}${area.slice(1)}`,
      "",
      "| Fault | What shows it | What to change |",
      "| --- | --- | --- |",
      ...rows.map(
        ({ name, title, sign, change }) => `| ${cell(title)} (${name}) | ${cell(sign)} | ${cell(readable(change))} |`,
      ),
      "",
    ];
  });
  const current = page.replace(
    /(<!-- table: faults -->\n)[\s\S]*?(<!-- end -->)/,
    (_, start: string, end: string) => `${start}\n${tables.join("\n")}\n${end}`,
  );
  await expect(current).toMatchFileSnapshot(`../../${path}`);
});

/** What stands in brackets is put in by the doctor; a page shows it as code. */
function readable(change: string): string {
  return change.replaceAll(/(?<!`[^`]*)<(\w+)>/g, "`<$1>`");
}
