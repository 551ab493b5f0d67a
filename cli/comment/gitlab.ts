import { type ApiAccess, ApiClient } from "./apiClient.ts";
import type { CodeHost } from "./codeHost.ts";

/** Which merge request of which project. */
export interface GitLabMergeRequest {
  /** The project's number, or its path. */
  readonly project: string;
  /** The number of the merge request in its project (`iid`). */
  readonly number: number;
}

interface Note {
  readonly id: number;
  readonly body: string;
  readonly system: boolean;
  readonly author: { readonly username: string };
}

/**
 * A merge request on GitLab. The token needs the scope `api`; that of a job (`CI_JOB_TOKEN`) may write no notes.
 * https://docs.gitlab.com/api/notes/
 */
export function gitLab({ project, number }: GitLabMergeRequest, access: Omit<ApiAccess, "headers">, token: string) {
  const api = new ApiClient({ ...access, headers: { "private-token": token, "user-agent": "serin" } });
  const request = `/projects/${encodeURIComponent(project)}/merge_requests/${number}`;
  return {
    // GitLab takes 1,000,000 characters; a person reads less.
    longest: 200_000,
    head: async () => {
      const { sha, state } = (await api.request("GET", request)) as { sha: string; state: string };
      return state === "opened" ? sha : undefined;
    },
    comments: async () => {
      const { username } = (await api.request("GET", "/user")) as { username: string };
      const notes = (await api.list(`${request}/notes?per_page=100&sort=asc&order_by=created_at`)) as Note[];
      return notes.filter(({ system, author }) => !system && author.username === username);
    },
    create: async (body) => {
      await api.request("POST", `${request}/notes`, { body });
    },
    update: async (id, body) => {
      await api.request("PUT", `${request}/notes/${id}`, { body });
    },
    remove: async (id) => {
      await api.request("DELETE", `${request}/notes/${id}`);
    },
  } satisfies CodeHost;
}
