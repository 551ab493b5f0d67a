import { stripVTControlCharacters } from "node:util";
import { printable } from "../printable.ts";

/** A file of a run, as a part of the comment. */
export interface CommentPart {
  /** The file's name. `.md` is shown as Markdown, everything else as it is. */
  readonly name: string;
  /** All of the file, as the run wrote it; cut and made harmless when it is shown. */
  readonly text: string;
}

/** What a comment says. */
export interface CommentContent {
  /** Whose comment it is: a later run with the same key writes the same comment. */
  readonly key: string;
  /** How the run ended: `success`, `failure`, `cancelled`. Absent: it is not said. */
  readonly status?: string;
  /** The commit that was looked at. */
  readonly commit?: string;
  /** The address of the run. */
  readonly run?: string;
  /** What the run left behind. None: it ended before, which the comment says. */
  readonly parts: readonly CommentPart[];
}

/** Between letters that would mean something together; not seen. */
const apart = "\u200b";

/** The first line of a comment, not seen by its readers. */
export function commentMarker(key: string): string {
  return `<!-- serin:comment ${key.replaceAll(/[^\w .-]/g, "_")} -->`;
}

/**
 * The text of a comment, of at most `longest` code units. Parts are from a run that anyone may have started, so
 * nothing in them is carried out: no mention, no command of GitLab, no HTML, no picture.
 */
export function commentText({ key, status, commit, run, parts }: CommentContent, longest: number): string {
  const facts = [
    ...(status === undefined ? [] : [statusWords[status] ?? `**ended: ${inline(status)}**`]),
    ...(commit === undefined ? [] : [`commit \`${inline(commit).slice(0, 12)}\``]),
    ...(run === undefined || !/^https?:\/\/[^\s()<>]+$/.test(run) ? [] : [`[the run](${run})`]),
  ];
  const head = [commentMarker(key), `### ${inline(key)}`, ...(facts.length === 0 ? [] : ["", facts.join(" · ")])].join(
    "\n",
  );
  if (parts.length === 0) return `${head}\n\nThe run left no result behind: it ended before that, or has none.\n`;
  let room = longest - head.length;
  const shown: string[] = [];
  for (const [index, part] of parts.entries()) {
    const text = partText(part, Math.floor(room / (parts.length - index)));
    shown.push(text);
    room -= text.length;
  }
  return `${head}${shown.join("")}`;
}

const statusWords: Readonly<Record<string, string>> = {
  success: "**passed**",
  failure: "**failed**",
  failed: "**failed**",
  canceled: "**cancelled**",
  cancelled: "**cancelled**",
  timed_out: "**ran out of time**",
};

/** Room that a part needs around its text: summary, fence, the line about what is left out. */
const frame = 400;

function partText({ name, text }: CommentPart, room: number): string {
  const title = inline(name).slice(0, 100);
  const clean = visible(text).trim();
  if (room < 2 * frame) return room < frame ? "" : `\n\n${title}: no room here, see the run.\n`;
  if (name.endsWith(".md")) return `\n\n${inertMarkdown(clean, room - frame)}\n`;
  const cut = shortened(clean, room - frame);
  // Longer than any row of backticks inside, so that nothing in it ends it.
  const longestRow = Math.max(0, ...[...cut.matchAll(/`+/g)].map(([row]) => row.length));
  const fence = "`".repeat(Math.min(100, Math.max(3, longestRow + 1)));
  const inside = longestRow < 100 ? cut : cut.replaceAll(/`{3,}/g, "```");
  const lines = clean.split("\n").length;
  return [
    `\n\n<details${lines <= 30 ? " open" : ""}><summary>${title}</summary>`,
    "",
    `${fence}text`,
    inside,
    fence,
    "",
    "</details>\n",
  ].join("\n");
}

/** The begin and the end: what is declared is at the begin, what the policies say at the end. */
function shortened(text: string, room: number): string {
  if (text.length <= room) return text;
  const half = Math.floor((room - 80) / 2);
  const begin = text.slice(0, half).replace(/[^\n]*$/, "") || text.slice(0, half);
  const end = text.slice(-half).replace(/^[^\n]*\n/, "");
  const left = text.slice(begin.length, text.length - end.length).split("\n").length - 1;
  return `${begin.trimEnd()}\n\n… ${left} lines are left out here; the run has them …\n\n${end}`;
}

/** Cut before a heading, or else before a line, with what it opened closed again. */
function inertMarkdown(text: string, room: number): string {
  const inert = text
    .replaceAll(/@(?=\w)/g, `@${apart}`)
    .replaceAll(/#(?=\d)/g, `#${apart}`)
    .replaceAll(/!(?=\[)/g, `!${apart}`)
    .replaceAll(/<(?!\/?(?:details|summary|br|sub)>)/g, `<${apart}`)
    // A line that begins so is a command to GitLab.
    .replaceAll(/^([ \t>]*)\/(?=\w)/gm, `$1${apart}/`);
  if (inert.length <= room) return inert;
  const within = inert.slice(0, room - 120);
  const heading = within.lastIndexOf("\n#");
  const cut = within.slice(0, heading > within.length / 2 ? heading : Math.max(0, within.lastIndexOf("\n")));
  const fences = [...cut.matchAll(/^\s*(`{3,})/gm)].map(([, fence]) => fence ?? "");
  const open = cut.split("<details>").length - cut.split("</details>").length;
  return [
    cut,
    ...(fences.length % 2 === 1 ? [fences.at(-1) ?? ""] : []),
    ...Array.from({ length: Math.max(0, Math.min(open, 5)) }, () => "\n</details>"),
    "",
    "… more is left out here; the run has it …",
  ].join("\n");
}

/** Without colours, and without what hides a part of a text or shows it in another order. */
function visible(text: string): string {
  return stripVTControlCharacters(printable(text)).replaceAll(/[\u202a-\u202e\u2066-\u2069]/g, "");
}

/** A name inside a line: letters, digits and a few signs, none of which means anything there. */
function inline(text: string): string {
  return text.replaceAll(/[^\w .:/-]/g, "_").slice(0, 200);
}
