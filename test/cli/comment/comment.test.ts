import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CommentOptions, comment } from "../../../cli/verbs/comment.ts";
import { exitCodes, ProblemError } from "../../../components/core/problem.ts";
import { codeHostServer, type Hosted } from "./codeHost.fixture.ts";

const commit = "a".repeat(40);
const someone = (id: number, body = "Looks good.") => ({ id, author: "someone", body });

let server: Awaited<ReturnType<typeof codeHostServer>>;
let hosted: Hosted;
let folder: string;
let waits: number[];

beforeEach(async () => {
  server = await codeHostServer();
  hosted = server.hosted;
  folder = mkdtempSync(join(tmpdir(), "serin-comment-"));
  waits = [];
  writeFileSync(join(folder, "plan-dev.txt"), "dev: 3 layers, 68 resources\n");
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await server.close();
});

const wait = async (ms: number) => {
  waits.push(ms);
};
const writes = () => hosted.requests.filter((request) => !request.startsWith("GET"));
const told = async (options: Partial<CommentOptions>, variables: Record<string, string>) => {
  const { result } = await comment(
    { file: [folder], key: "Serin plan", ...options },
    { signal: new AbortController().signal, json: false },
    variables,
    wait,
  );
  return (result as { comment: string }).comment;
};

const services: [string, (options?: Partial<CommentOptions>) => Promise<string>][] = [
  [
    "GitHub",
    (options) =>
      told(options ?? {}, {
        GITHUB_TOKEN: "t",
        GITHUB_ACTIONS: "true",
        GITHUB_API_URL: server.url,
        GITHUB_REPOSITORY: "acme/models",
        GITHUB_REF: "refs/pull/7/merge",
      }),
  ],
  [
    "GitLab",
    (options) =>
      told(options ?? {}, {
        GITLAB_CI: "true",
        SERIN_GITLAB_TOKEN: "t",
        CI_API_V4_URL: `${server.url}/api/v4`,
        CI_PROJECT_ID: "acme/models",
        CI_MERGE_REQUEST_IID: "7",
      }),
  ],
];

describe.each(services)("serin comment on %s", (name, say) => {
  const me = name === "GitHub" ? "github-actions[bot]" : "serin-bot";

  it("writes one comment, and leaves it alone while nothing changes", async () => {
    expect(await say()).toBe("created");
    expect(hosted.comments[0]?.body).toContain("dev: 3 layers, 68 resources");
    expect(await say()).toBe("unchanged");
    expect(writes()).toHaveLength(1);
  });

  it("finds its comment among hundreds, though somebody else has copied its first line", async () => {
    await say();
    const own = hosted.comments[0]?.body ?? "";
    hosted.comments = [
      someone(1, own),
      ...Array.from({ length: 250 }, (_, index) => someone(index + 2)),
      { id: 900, author: me, body: own.replaceAll("\n", "\r\n") },
    ];
    expect(await say()).toBe("unchanged");
    writeFileSync(join(folder, "plan-dev.txt"), "dev: 3 layers, 69 resources\n");
    expect(await say()).toBe("updated");
    expect(hosted.comments.at(-1)?.body).toContain("69 resources");
    expect(hosted.comments[0]?.body).toBe(own);
    expect(hosted.comments).toHaveLength(252);
  });

  it("keeps the comments of two keys apart", async () => {
    expect(await say()).toBe("created");
    expect(await say({ key: "Serin preview" })).toBe("created");
    expect(await say({ key: "Serin plan" })).toBe("unchanged");
  });

  it("removes the doubles that two runs at once have left", async () => {
    await say();
    hosted.comments.push(...[5, 6].map((id) => ({ id, author: me, body: hosted.comments[0]?.body ?? "" })));
    expect(await say()).toBe("unchanged");
    expect(hosted.comments).toHaveLength(1);
  });

  it("writes the failure of a run that left nothing over what the run before said", async () => {
    await say({ status: "success" });
    expect(await say({ status: "failure", file: [join(folder, "missing")] })).toBe("updated");
    expect(hosted.comments).toHaveLength(1);
    expect(hosted.comments[0]?.body).toMatch(/\*\*failed\*\*[\s\S]*left no result behind/);
  });

  it.each([
    ["has another commit since a force-push", "b".repeat(40)],
    ["is closed", undefined],
  ])("writes nothing where the pull request %s", async (_title, head) => {
    // On GitHub a number leads to closed pull requests, too; a branch does not.
    hosted.head = head;
    const by = name === "GitHub" ? { head: "acme:change" } : {};
    expect(await say({ commit, ...by })).toBe("outdated");
    expect(writes()).toEqual([]);
  });

  it("goes on after passing failures and a short rate limit", async () => {
    hosted.faults = [
      { on: /^GET .*(comments|notes)/, status: 502 },
      { on: /^GET .*(comments|notes)/, status: 429, headers: { "retry-after": "17" } },
      { on: /^POST/, status: 429, headers: { "retry-after": "3" } },
    ];
    expect(await say()).toBe("created");
    expect(waits).toEqual([1_000, 17_000, 3_000]);
    expect(hosted.comments).toHaveLength(1);
  });

  it("looks before it writes again where a failed answer may hide a comment that was written", async () => {
    hosted.faults = [{ on: /^POST/, status: 504, done: true }];
    expect(await say()).toBe("created");
    expect(hosted.comments).toHaveLength(1);
    expect(writes()).toHaveLength(1);
  });

  it("writes again where it was not", async () => {
    hosted.faults = [{ on: /^POST/, status: 504 }];
    expect(await say()).toBe("created");
    expect(hosted.comments).toHaveLength(1);
  });

  it("gives up when the service does not get well, and says what it was", async () => {
    hosted.faults = Array.from({ length: 9 }, () => ({ on: /^GET/, status: 503, message: "down" }));
    const error = (await say().catch((reason: unknown) => reason)) as ProblemError;
    expect(error).toBeInstanceOf(ProblemError);
    expect(error.exitCode).toBe(exitCodes.unavailable);
    expect(error.message).toContain('no good answer in 5 tries: 503: "down"');
    expect(hosted.requests).toHaveLength(5);
  });

  it("does not send the token to the host that a link of the next page names", async () => {
    hosted.comments = Array.from({ length: 150 }, (_, index) => someone(index));
    hosted.linkHost = "example.invalid";
    expect(await say()).toBe("created");
    expect(hosted.requests.filter((request) => request.includes("page=2"))).toHaveLength(1);
  });
});

describe("serin comment", () => {
  const [, onGitHub] = services[0] as (typeof services)[0];

  it("finds the pull request of a fork by its branch", async () => {
    hosted.from = "stranger:fix/#1 &head=x";
    expect(await onGitHub({ head: hosted.from, commit })).toBe("created");
    expect(await onGitHub({ head: "stranger:other", commit })).toBe("outdated");
  });

  it("waits for the primary limit of GitHub until it ends, and a minute for a secondary one", async () => {
    const reset = String(Math.ceil(Date.now() / 1_000) + 60);
    hosted.faults = [
      { on: /^GET/, status: 403, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset } },
      { on: /^GET/, status: 403, message: "You have exceeded a secondary rate limit" },
    ];
    expect(await onGitHub()).toBe("created");
    expect(waits[0]).toBeGreaterThan(50_000);
    expect(waits[1]).toBe(60_000);
  });

  it("does not wait an hour", async () => {
    const reset = String(Math.ceil(Date.now() / 1_000) + 3_600);
    hosted.faults = [
      { on: /^GET/, status: 403, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset } },
    ];
    await expect(onGitHub()).rejects.toThrow(/a rate limit lasts (59|60|61) minutes more/);
    expect(waits).toEqual([]);
  });

  it("does not try again what is refused", async () => {
    hosted.faults = [{ on: /^POST/, status: 403, message: "Resource not accessible by integration" }];
    await expect(onGitHub()).rejects.toThrow('refuses it with 403: "Resource not accessible by integration"');
    expect(writes()).toHaveLength(1);
  });

  it("follows no link out of the folder that a run left behind", async () => {
    const results = join(folder, "results");
    mkdirSync(results);
    writeFileSync(join(folder, "token.txt"), "secret of this machine");
    symlinkSync(join(folder, "token.txt"), join(results, "plan-dev.txt"));
    symlinkSync(folder, join(results, "all"));
    expect(await onGitHub({ file: [results, join(results, "plan-dev.txt"), join(results, "all")] })).toBe("created");
    expect(hosted.comments[0]?.body).not.toContain("secret of this machine");
  });

  it("names everything that neither an option nor a variable says", async () => {
    await expect(told({}, {})).rejects.toThrow(/GITHUB_TOKEN: [\s\S]*--repository: [\s\S]*--pull-request: /);
    await expect(told({ service: "gitlab" }, {})).rejects.toThrow(/SERIN_GITLAB_TOKEN: [\s\S]*--pull-request: /);
    await expect(told({ head: "acme:x" }, { GITHUB_TOKEN: "t" })).rejects.toThrow("--commit: it is not given.");
    expect(hosted.requests).toEqual([]);
  });
});
