import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { commentMarker, commentText } from "../../../cli/comment/commentText.ts";

const longest = 65_000;
const text = (name: string, text: string, room = longest) => commentText({ key: "k", parts: [{ name, text }] }, room);

describe("the text of a comment", () => {
  it("shows a plan as it is, in a fence that nothing in it can end", () => {
    const evil = "a\n```\n@everyone <img src=x>\n````text\n/merge\n";
    const shown = text("plan-dev.txt", evil);
    const [, fence, inside] = /\n(`{5,})text\n([\s\S]*)\n\1\n/.exec(shown) ?? [];
    expect(fence).toBe("`````");
    expect(inside).toBe(evil.trim());
  });

  it("carries out nothing of Markdown that a stranger may have written", () => {
    const shown = text(
      "plan.md",
      "@acme/admins\n/merge\n> /close\n<img src=x> ![p](http://x/y) fixes #12\n<!-- serin:comment k -->",
    );
    expect(shown).not.toMatch(/@\w|^[ >]*\/\w|<img|!\[|#\d/m);
    expect(shown.split(commentMarker("k"))).toHaveLength(2);
    expect(text("plan.md", "<details><summary>2 changes</summary>\n\n# Changes\n\n</details>")).toContain(
      "<details><summary>2 changes</summary>\n\n# Changes\n\n</details>",
    );
  });

  it("takes names, states and addresses as names, states and addresses", () => {
    const shown = commentText(
      {
        key: "k --> <b>@all",
        status: "<i>",
        commit: "`x`",
        run: "javascript:alert(1)",
        parts: [{ name: "<b>](x).txt", text: "" }],
      },
      longest,
    );
    expect(shown).not.toMatch(/<b>|<i>|@all|javascript|\]\(/);
    expect(shown.match(/-->/g)).toHaveLength(1);
  });

  it("keeps begin and end of what is too long, and counts what is left out", () => {
    const lines = Array.from({ length: 20_000 }, (_, index) => `+ create Deployment number-${index}`);
    const shown = text("plan-prod.txt", [...lines, "12 policies: 1 violation"].join("\n"));
    expect(shown.length).toBeLessThanOrEqual(longest);
    expect(shown).toContain("number-0\n");
    expect(shown).toContain("12 policies: 1 violation");
    expect(shown).toMatch(/… 1[89],\d{3}|… 1\d{4} lines are left out here/);
  });

  it("cuts Markdown before a heading, and closes what is open there", () => {
    const section = (index: number) =>
      `## Section ${index}\n\n<details>\n\n\`\`\`text\n${"x\n".repeat(300)}\`\`\`\n\n</details>\n`;
    const shown = text("plan.md", Array.from({ length: 50 }, (_, index) => section(index)).join("\n"), 5_000);
    expect(shown.length).toBeLessThanOrEqual(5_000);
    expect(shown.match(/^```/gm)?.length ?? 0).toBe(2 * (shown.match(/^## /gm)?.length ?? -1));
    const within = text("plan.md", `<details>\n\n\`\`\`text\n${"y\n".repeat(9_000)}`, 5_000);
    expect(within).toMatch(/```\n\n<\/details>\n\n… more is left out/);
  });

  it("stays within the limit and keeps its marker first, whatever the parts are", () => {
    const part = fc.record({
      name: fc.constantFrom("a.txt", "b.md", "c"),
      text: fc
        .array(fc.constantFrom("```", "\n", "x".repeat(50), "# h\n", "<details>", "@a", "é", "````````"), {
          maxLength: 200,
        })
        .map((all) => all.join("")),
    });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), fc.integer({ min: 500, max: 8_000 }), (parts, room) => {
        const shown = commentText({ key: "k", status: "failure", parts }, room);
        expect(shown.length).toBeLessThanOrEqual(room);
        expect(shown.startsWith(commentMarker("k"))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
