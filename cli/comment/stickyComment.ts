import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import { Uncertain } from "./apiClient.ts";
import type { CodeHost } from "./codeHost.ts";

/** What became of a comment. `outdated`: the pull request has a newer commit, or is closed; nothing was written. */
export type Commented = "created" | "updated" | "unchanged" | "outdated";

/** One comment, as it shall be. */
export interface StickyComment {
  /** The first line of the text, by which a later run finds the comment again. */
  readonly marker: string;
  /** The whole text. */
  readonly body: string;
  /** The commit that the text is about. Absent: it is written, whatever the newest is. */
  readonly commit?: string;
}

/**
 * Keeps exactly one comment of this marker at a pull request. A comment that is right already is left alone; doubles,
 * which two runs at once can leave, are removed.
 *
 * @throws ProblemError when the service refuses it, or does not answer
 */
export async function keepComment(host: CodeHost, { marker, body, commit }: StickyComment): Promise<Commented> {
  if (commit !== undefined && (await host.head()) !== commit) return "outdated";
  let failure = "";
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const [first, ...doubles] = (await host.comments()).filter((one) => one.body.trimStart().startsWith(marker));
    for (const { id } of doubles) await host.remove(id);
    if (first !== undefined && same(first.body, body)) return attempt === 0 ? "unchanged" : "created";
    if (first !== undefined) {
      await host.update(first.id, body);
      return "updated";
    }
    try {
      await host.create(body);
      return "created";
    } catch (error) {
      // It may be there all the same: the list says so.
      if (!(error instanceof Uncertain)) throw error;
      failure = error.message;
    }
  }
  throw new ProblemError(
    "The comment cannot be written",
    [{ path: "comment", reason: `the service did not take it three times: ${failure}.` }],
    exitCodes.unavailable,
  );
}

/** Services trim texts, and may change line ends. */
function same(one: string, other: string): boolean {
  const plain = (text: string) => text.replaceAll("\r\n", "\n").trim();
  return plain(one) === plain(other);
}
