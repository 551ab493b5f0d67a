import { closeSync, constants, existsSync, fstatSync, lstatSync, openSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type Problem, rejectProblems } from "../../components/core/problem.ts";
import type { CodeHost } from "../comment/codeHost.ts";
import { type CommentPart, commentMarker, commentText } from "../comment/commentText.ts";
import { gitHub } from "../comment/github.ts";
import { gitLab } from "../comment/gitlab.ts";
import { type Commented, keepComment } from "../comment/stickyComment.ts";
import type { Answer, Invocation } from "../run.ts";

/** The options of `serin comment`. What is left out is read from the variables that a CI sets. */
export interface CommentOptions {
  /** Whose API is asked. @default gitlab where `GITLAB_CI` is set, else github */
  readonly service?: "github" | "gitlab";
  /** A file, or a folder of files, to show. Several in this order. What is not there is left out. */
  readonly file: readonly string[];
  /** Which comment of the pull request. @default "Serin" */
  readonly key?: string;
  /** How the run ended. @default it is not said */
  readonly status?: string;
  /** The address of the run. @default that of this run */
  readonly run?: string;
  /** `owner/name` on GitHub, the project's number or path on GitLab. */
  readonly repository?: string;
  /** The number of the pull request or merge request. */
  readonly pullRequest?: string;
  /** `owner:branch` of the pull request, on GitHub, in place of its number. Needs `commit`. */
  readonly head?: string;
  /** The commit that was looked at. With a newer one at the pull request nothing is written. */
  readonly commit?: string;
  /** Whose comments are ours, on GitHub. @default `github-actions[bot]` in GitHub Actions, else the token's */
  readonly author?: string;
}

/** Variables of a CI, by name. */
type Variables = Readonly<Record<string, string | undefined>>;

/** The longest file that is read, in bytes. A comment shows less. */
const longestFile = 16 * 1024 * 1024;

/**
 * Writes what a run found into the one comment that it has at a pull request.
 *
 * @throws ProblemError for what is not said and no variable says, and when the service cannot be asked
 */
export async function comment(
  options: CommentOptions,
  { signal }: Invocation,
  variables: Variables = process.env,
  wait?: (ms: number) => Promise<unknown>,
): Promise<Answer> {
  const service = options.service ?? (variables.GITLAB_CI === undefined ? "github" : "gitlab");
  const access = { signal, ...(wait === undefined ? {} : { wait }) };
  const host = service === "gitlab" ? ofGitLab(options, variables, access) : ofGitHub(options, variables, access);
  const { key = "Serin", status, commit, run = runAddress(variables) } = options;
  const given = {
    ...(status === undefined ? {} : { status }),
    ...(commit === undefined ? {} : { commit }),
    ...(run === undefined ? {} : { run }),
  };
  const body = commentText({ key, ...given, parts: options.file.flatMap(partsOf) }, host.longest);
  const commented = await keepComment(host, {
    marker: commentMarker(key),
    body,
    ...(commit === undefined ? {} : { commit }),
  });
  return { result: { comment: commented }, text: said[commented] };
}

const said: Readonly<Record<Commented, string>> = {
  created: "The comment is there now.",
  updated: "The comment says it now.",
  unchanged: "The comment says that already.",
  outdated: "Nothing is written: the pull request has a newer commit, or is closed.",
};

type Access = { readonly signal: AbortSignal; readonly wait?: (ms: number) => Promise<unknown> };

function ofGitHub(options: CommentOptions, variables: Variables, access: Access): CodeHost {
  const repository = options.repository ?? variables.GITHUB_REPOSITORY ?? "";
  const number = options.pullRequest ?? /^refs\/pull\/(\d+)\//.exec(variables.GITHUB_REF ?? "")?.[1] ?? "";
  const token = variables.GITHUB_TOKEN ?? "";
  const { head, commit } = options;
  rejectProblems("The comment cannot be written", [
    ...tokenProblems("GITHUB_TOKEN", token),
    ...formProblem("--repository", repository, /^[\w.-]+\/[\w.-]+$/, "owner/name"),
    ...(head === undefined
      ? formProblem("--pull-request", number, /^[1-9]\d{0,9}$/, "the number of the pull request")
      : [
          ...formProblem("--head", head, /^[\w.-]+:.+$/, "owner:branch"),
          ...formProblem("--commit", commit ?? "", /^[0-9a-f]{40,64}$/, "the newest commit of the branch"),
        ]),
  ]);
  const author = options.author ?? (variables.GITHUB_ACTIONS === "true" ? "github-actions[bot]" : undefined);
  return gitHub(
    {
      repository,
      of: head === undefined ? { number: Number(number) } : { head, commit: commit ?? "" },
      ...(author === undefined ? {} : { author }),
    },
    { ...access, url: withoutSlash(variables.GITHUB_API_URL ?? "https://api.github.com") },
    token,
  );
}

function ofGitLab(options: CommentOptions, variables: Variables, access: Access): CodeHost {
  const project = options.repository ?? variables.CI_PROJECT_ID ?? "";
  const number = options.pullRequest ?? variables.CI_MERGE_REQUEST_IID ?? "";
  const token = variables.SERIN_GITLAB_TOKEN ?? "";
  rejectProblems("The comment cannot be written", [
    ...tokenProblems("SERIN_GITLAB_TOKEN", token),
    ...formProblem("--repository", project, /^[\w./-]+$/, "the number or the path of the project"),
    ...formProblem("--pull-request", number, /^[1-9]\d{0,9}$/, "the number of the merge request"),
  ]);
  return gitLab(
    { project, number: Number(number) },
    { ...access, url: withoutSlash(variables.CI_API_V4_URL ?? "https://gitlab.com/api/v4") },
    token,
  );
}

/** The address of this run, as GitHub Actions, GitLab CI and Jenkins say it. */
function runAddress(variables: Variables): string | undefined {
  const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID, CI_PIPELINE_URL, BUILD_URL } = variables;
  if (GITHUB_RUN_ID !== undefined) return `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`;
  return CI_PIPELINE_URL ?? BUILD_URL;
}

/** Of a folder its texts, by name. Links are not followed: what a run leaves must not lead to files of this machine. */
function partsOf(path: string): CommentPart[] {
  if (!existsSync(path)) return [];
  if (lstatSync(path).isDirectory()) {
    const names = readdirSync(path, { withFileTypes: true }).filter(
      (one) => one.isFile() && /\.(md|txt)$/.test(one.name),
    );
    return names
      .map(({ name }) => name)
      .sort()
      .flatMap((name) => partsOf(join(path, name)));
  }
  if (!lstatSync(path).isFile()) return [];
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const tooLong = fstatSync(file).size > longestFile;
    return [
      { name: basename(path), text: tooLong ? "The file is too long; the run has it." : readFileSync(file, "utf8") },
    ];
  } finally {
    closeSync(file);
  }
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, "");
}

function tokenProblems(variable: string, token: string): Problem[] {
  return token === ""
    ? [{ path: variable, reason: "the variable is not set.", fix: "Set it to a token that may comment." }]
    : [];
}

function formProblem(path: string, value: string, form: RegExp, what: string): Problem[] {
  if (form.test(value)) return [];
  return [{ path, reason: value === "" ? "it is not given." : `"${value}" has another form.`, fix: `Write ${what}.` }];
}
