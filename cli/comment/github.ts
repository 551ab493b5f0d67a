import { type ApiAccess, ApiClient } from "./apiClient.ts";
import type { CodeHost } from "./codeHost.ts";

/** Which pull request of which repository. */
export interface GitHubPullRequest {
  /** `owner/name`. */
  readonly repository: string;
  /** Its number; or, for a run that does not know it, `owner:branch` that it is from and its newest commit. */
  readonly of: { readonly number: number } | { readonly head: string; readonly commit: string };
  /** The login of whom comments are from. @default who the token says */
  readonly author?: string;
}

interface Comment {
  readonly id: number;
  readonly body?: string | null;
  readonly user?: { readonly login?: string } | null;
}

interface PullRequest {
  readonly number: number;
  readonly head: { readonly sha: string };
}

/**
 * A pull request on GitHub. A run of `workflow_run` for a fork does not know its number, and what the run left behind
 * must not name it: it is looked up by the branch that it is from.
 * https://docs.github.com/en/rest/issues/comments, https://docs.github.com/en/rest/pulls/pulls
 */
export function gitHub(
  { repository, of, author }: GitHubPullRequest,
  access: Omit<ApiAccess, "headers">,
  token: string,
) {
  const api = new ApiClient({
    ...access,
    headers: {
      accept: "application/vnd.github+json",
      "x-github-api-version": "2022-11-28",
      "user-agent": "serin",
      authorization: `Bearer ${token}`,
    },
  });
  let known: Promise<PullRequest | undefined> | undefined;
  const pullRequest = async (): Promise<PullRequest | undefined> => {
    if ("number" in of) return (await api.request("GET", `/repos/${repository}/pulls/${of.number}`)) as PullRequest;
    const query = `state=open&per_page=100&head=${encodeURIComponent(of.head)}`;
    const open = (await api.list(`/repos/${repository}/pulls?${query}`)) as PullRequest[];
    return open.find(({ head }) => head.sha === of.commit) ?? open[0];
  };
  const found = () => {
    known ??= pullRequest();
    return known;
  };
  const comments = async () => `/repos/${repository}/issues/${(await found())?.number}/comments`;
  const login = async () => author ?? ((await api.request("GET", "/user")) as { login: string }).login;
  return {
    // GitHub takes 65,536 characters.
    longest: 65_000,
    head: async () => (await found())?.head.sha,
    comments: async () => {
      const [all, me] = [(await api.list(`${await comments()}?per_page=100`)) as Comment[], await login()];
      return all.filter(({ user }) => user?.login === me).map(({ id, body }) => ({ id, body: body ?? "" }));
    },
    create: async (body) => {
      await api.request("POST", await comments(), { body });
    },
    update: async (id, body) => {
      await api.request("PATCH", `/repos/${repository}/issues/comments/${id}`, { body });
    },
    remove: async (id) => {
      await api.request("DELETE", `/repos/${repository}/issues/comments/${id}`);
    },
  } satisfies CodeHost;
}
