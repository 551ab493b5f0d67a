import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import axe from "axe-core";
import { describe, expect, it } from "vitest";
import { rehearsalPage } from "../../../rehearsal/page.ts";
import type { RehearsalReport } from "../../../rehearsal/report.ts";
import { reports } from "./reports.ts";

/** What these tests use of an element. The project has no types of a browser: nothing else of it runs in one. */
interface Element {
  readonly id: string;
  readonly textContent: string | null;
  value: string;
  getAttribute(name: string): string | null;
  querySelector(selector: string): Element | null;
  querySelectorAll(selector: string): Iterable<Element> & { readonly length: number };
  dispatchEvent(event: object): void;
}
interface Page {
  readonly window: {
    readonly document: Element;
    readonly Event: new (name: string) => object;
    eval(script: string): unknown;
  };
}
const { JSDOM } = createRequire(import.meta.url)("jsdom") as { JSDOM: new (html: string, options: object) => Page };

/** A page that has run its script. */
function opened(report: RehearsalReport): Page {
  return new JSDOM(rehearsalPage(report), { runScripts: "dangerously", pretendToBeVisual: true });
}
const text = (dom: Page, selector: string) =>
  [...dom.window.document.querySelectorAll(selector)].map((one) => one.textContent?.replaceAll(/\s+/g, " ").trim());
const report = (name: string): RehearsalReport => {
  const found = reports[name];
  if (found === undefined) throw new Error(`there is no report "${name}"`);
  return found;
};

it("a model that ran otherwise than on a cluster is marked at the top", () => {
  const [name = ""] = Object.keys(reports);
  const marked = opened({ ...report(name), standIn: "ONNX Runtime runs it on the <CPU>." });
  expect(text(marked, "header .reason")).toContain("Not as on a cluster: ONNX Runtime runs it on the <CPU>.");
  expect(text(opened(report(name)), "header .reason").join()).not.toContain("Not as on a cluster");
});

describe.each(Object.keys(reports))("the page of a report (%s)", (name) => {
  it("has no violation that axe finds", async () => {
    const { window } = opened(report(name));
    window.eval(axe.source);
    // Contrast needs a browser: screenshots.ts has one.
    const found = (await window.eval(
      "axe.run(document, { rules: { 'color-contrast': { enabled: false } } })",
    )) as axe.AxeResults;
    expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
  });

  it("loads nothing, and its policy allows its own script alone", () => {
    const { document } = opened(report(name)).window;
    expect(document.querySelectorAll("[src], link, img, iframe")).toHaveLength(0);
    const policy = document.querySelector("meta[http-equiv]")?.getAttribute("content") ?? "";
    const script = document.querySelector("script:not([type])")?.textContent ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`script-src 'sha256-${createHash("sha256").update(script).digest("base64")}'`);
  });

  it("has each id once, and stays below 2 MB", () => {
    const dom = opened(report(name));
    const ids = [...dom.window.document.querySelectorAll("[id]")].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(rehearsalPage(report(name)).length).toBeLessThan(1_000_000);
    expect(JSON.stringify(report(name), undefined, 2).length).toBeLessThan(2_000_000);
  });
});

it("says how it ended, and why, before anything else", () => {
  const dom = opened(report("rolledBack"));
  expect(text(dom, ".badge")).toEqual(["Rolled back"]);
  expect(text(dom, "h1")).toEqual(["fraud, version 1 → 2 with errors=1%"]);
  expect(text(dom, ".reason").join()).toContain("3 of 326 requests failed; the objective is 0.1 %");
});

it("draws both versions in each chart of the traffic, each in its own dash and colour", () => {
  const dom = opened(report("rolledBack"));
  for (const id of ["requests", "failures", "median", "latency", "score"]) {
    expect(text(dom, `#${id} .legend li`).slice(0, 2), id).toEqual([
      expect.stringContaining("old version"),
      expect.stringContaining("new version"),
    ]);
    expect(dom.window.document.querySelectorAll(`#${id} .plot path.line`).length, id).toBeGreaterThanOrEqual(2);
  }
  expect(text(dom, "#latency .plot span.rule")).toEqual(["objective 150 ms"]);
});

it("shows the score in its corridor where a version failed by it", () => {
  const dom = opened(report("score"));
  expect(dom.window.document.querySelectorAll("#score .corridor")).toHaveLength(1);
  expect(text(dom, "#score figcaption p").join()).toMatch(
    /^Declared is 0.12 ± 0.02; the new version's mean was 0.2\d* after/,
  );
  expect(dom.window.document.querySelector("section .pair figure")?.id).toBe("prediction-score-against");
});

it("shows the evidence against a metric with the bound at which it fails, and the requests with which it passes", () => {
  const dom = opened(report("rolledBack"));
  expect(text(dom, "#errors-against .plot span.rule").join()).toMatch(/^fails at \d+/);
  expect(text(dom, "#errors-passes .legend li").join()).toContain("passes up to");
});

it("marks each verdict and event in every chart, and tells it beside", () => {
  const dom = opened(report("promoted"));
  const told = text(dom, ".events li");
  expect(told.join("\n")).toContain("errors, latency and prediction-score passed (the analysis at 5 %)");
  const { document } = dom.window;
  for (const plot of document.querySelectorAll(".plot")) {
    expect(plot.querySelectorAll("path.moment")).toHaveLength(told.length);
  }
  expect(document.querySelectorAll(".rail .mark")).toHaveLength(told.length);
});

it("says what was bad before the new version had any traffic", () => {
  const failing = report("rolledBack");
  const samples = failing.samples.map((sample, index) => (index === 2 ? { ...sample, errors: 4 } : sample));
  expect(text(opened({ ...failing, samples }), ".facts").join()).toContain("4 before the new version had traffic");
});

it("has every chart as a table, too", () => {
  const { document } = opened(report("long")).window;
  for (const figure of document.querySelectorAll("figure")) {
    expect(figure.querySelectorAll("tbody tr").length, figure.id).toBeGreaterThan(0);
    expect(figure.querySelectorAll("tbody tr").length, figure.id).toBeLessThan(60);
  }
});

it("shows the values of a moment by a slider", () => {
  const { document, Event } = opened(report("promoted")).window;
  const slider = document.querySelector("#at");
  if (slider === null) throw new Error("there is no slider");
  slider.value = "50000";
  slider.dispatchEvent(new Event("input"));
  expect(document.querySelector("#weight .now")?.textContent).toBe("20");
});

it("tells why no pod starts in place of a sentence", () => {
  expect(text(opened(report("notStarted")), ".findings").join()).toContain("SyntaxError: '(' was never closed");
});

it("cannot be made to run what a name or a reason contains", () => {
  const evil = "</script><img src=x onerror=alert(1)>";
  const dom = opened({ ...report("rolledBack"), reason: evil, model: evil, faults: [evil] });
  expect(dom.window.document.querySelectorAll("img")).toHaveLength(0);
});
