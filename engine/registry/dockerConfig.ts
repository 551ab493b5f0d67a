import { ProblemError } from "../../components/core/problem.ts";

/** What one registry is asked with. Never printed. */
export interface Credentials {
  /** The name of the account or robot. */
  readonly username: string;
  /** Its password or token. */
  readonly password: string;
}

/** Credentials by the host of the registry. */
export type RegistryCredentials = ReadonlyMap<string, Credentials>;

interface DockerConfig {
  readonly auths?: Readonly<
    Record<string, { readonly auth?: string; readonly username?: string; readonly password?: string }>
  >;
}

/**
 * The credentials in a `config.json` of Docker, which is also what a Secret `kubernetes.io/dockerconfigjson` holds.
 * Credential helpers are programs of one machine, and are not run.
 *
 * @param path what errors call the text: an option or a file
 * @throws ProblemError when it is not such a file, without quoting it.
 */
export function parseDockerConfig(path: string, text: string): RegistryCredentials {
  const entries = Object.entries(read(path, text).auths ?? {});
  return new Map(
    entries.map(([server, { auth, username, password }]) => {
      const decoded = Buffer.from(auth ?? "", "base64").toString("utf8");
      const at = decoded.indexOf(":");
      const credentials =
        auth === undefined
          ? { username, password }
          : { username: decoded.slice(0, at), password: decoded.slice(at + 1) };
      if (credentials.username === undefined || credentials.password === undefined || (auth !== undefined && at < 1)) {
        throw notOne(path, `it has no username and password for ${server}.`);
      }
      return [hostOf(server), { username: credentials.username, password: credentials.password }];
    }),
  );
}

/** Docker Hub is written in three ways, the oldest with a path. */
function hostOf(server: string): string {
  const host = server.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  return host === "index.docker.io" || host === "docker.io" ? "registry-1.docker.io" : host;
}

function read(path: string, text: string): DockerConfig {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && "auths" in parsed) return parsed as DockerConfig;
  } catch {
    // Its text may be a secret, so the parser's message, which quotes it, is not passed on.
  }
  throw notOne(path, "it has no auths.");
}

function notOne(path: string, reason: string): ProblemError {
  return new ProblemError("The registry credentials cannot be used", [
    { path, reason, fix: "Write them as docker login does: config.json, or the .dockerconfigjson of a Secret." },
  ]);
}
