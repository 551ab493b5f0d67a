/**
 * Draws the reports of `reports.ts`, or reports in files, as pages, looks at them in a browser at three widths, light
 * and dark, and writes a picture of each. Ends with 1 where axe or the width of the page objects.
 *
 *   node test/rehearsal/page/screenshots.ts <folder> [report.json ...]
 *
 * `CHROMIUM` names the browser. @default `/usr/bin/chromium`
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { rehearsalPage } from "../../../rehearsal/page.ts";
import type { RehearsalReport } from "../../../rehearsal/report.ts";
import { reports } from "./reports.ts";

const [folder = "screenshots", ...files] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const chosen: [string, RehearsalReport][] =
  files.length === 0
    ? Object.entries(reports)
    : files.map((file) => [basename(file, ".json"), JSON.parse(readFileSync(file, "utf8")) as RehearsalReport]);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
let objections = 0;
for (const [name, report] of chosen) {
  const file = resolve(folder, `${name}.html`);
  writeFileSync(file, rehearsalPage(report));
  for (const width of [1_440, 768, 320]) {
    for (const colorScheme of ["light", "dark"] as const) {
      // axe is a script of its own, which the page's policy rightly refuses.
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
      const page = await context.newPage();
      await page.goto(pathToFileURL(file).href);
      await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      await page.evaluate(axe);
      const found = (await page.evaluate(
        "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.slice(0, 3).map(({ target }) => target.join(' ')).join(', ')))",
      )) as string[];
      const wide = (await page.evaluate("document.documentElement.scrollWidth")) as number;
      const least = (await page.evaluate(
        "Math.min(...[...document.querySelectorAll('span, p, td, th, li, dt, dd, text')].filter((one) => one.offsetParent).map((one) => parseFloat(getComputedStyle(one).fontSize)))",
      )) as number;
      const said = [
        ...found,
        ...(wide > width ? [`${wide} px wide`] : []),
        ...(least < 11 ? [`text of ${least} px`] : []),
      ];
      objections += said.length;
      console.log(`${name} ${width} ${colorScheme}: ${said.length === 0 ? "fine" : said.join("; ")}`);
      await context.close();
    }
  }
}
await browser.close();
process.exitCode = objections === 0 ? 0 : 1;
