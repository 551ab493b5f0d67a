import { KubeConfig } from "@kubernetes/client-node";
import { type Problem, ProblemError, unknownChoice } from "../../components/core/problem.ts";

/**
 * Loads a kubeconfig: `source` is the contents of a file or its path, as the Kubernetes provider takes it.
 *
 * @param context chooses one of its contexts. @default its current one
 * @throws ProblemError when it is not a kubeconfig, or its context names no cluster. Contents are never quoted, because
 * they hold credentials.
 */
export function loadKubeconfig(source: string, context?: string): KubeConfig {
  const loaded = new KubeConfig();
  try {
    if (/^\s*\{|\n/.test(source)) loaded.loadFromString(source);
    else loaded.loadFromFile(source);
  } catch (error) {
    throw unusable({ path: "kubeconfig", reason: reasonOf(error) });
  }
  if (context !== undefined) loaded.setCurrentContext(context);
  if (loaded.getCurrentCluster() === null) {
    const contexts = loaded.getContexts().map(({ name }) => `"${name}"`);
    throw unusable({
      path: "kubeconfig",
      reason: `its context "${loaded.getCurrentContext()}" names no cluster.`,
      fix: `Choose one of its contexts: ${contexts.join(", ") || "it has none"}.`,
    });
  }
  const server = URL.parse(loaded.getCurrentCluster()?.server ?? "");
  if (server?.protocol !== "https:" && server?.protocol !== "http:") {
    throw unusable({
      path: "kubeconfig clusters[].cluster.server",
      reason: "it is not an address of HTTPS.",
      fix: 'Write, for example, "https://10.0.0.1:6443".',
    });
  }
  for (const command of credentialPrograms(loaded)) {
    if (!command.includes("/") || command.startsWith("/")) continue;
    throw unusable({
      path: "kubeconfig users[].user",
      reason: `the program "${command}" is relative, and would be run from whatever folder is the current one.`,
      fix: "Write an absolute path, or a name that is on PATH.",
    });
  }
  return loaded;
}

/** The programs that the client library runs to get credentials of the current user. */
function credentialPrograms(config: KubeConfig): string[] {
  const { exec, authProvider } = config.getCurrentUser() ?? {};
  const programs: unknown[] = [exec?.command, authProvider?.config?.exec?.command, authProvider?.config?.["cmd-path"]];
  return programs.filter((program) => typeof program === "string");
}

/**
 * The contents of a kubeconfig file, narrowed to one context. Files it refers to have absolute paths.
 *
 * @param context @default its current one
 * @throws ProblemError when the file cannot be read or has no such context.
 */
export function narrowedKubeconfig(file: string, context?: string): string {
  const config = new KubeConfig();
  try {
    config.loadFromFile(file);
  } catch (error) {
    const fix = "Name a file that kubectl accepts.";
    throw unusable({ path: "--kubeconfig", reason: `${file}: ${reasonOf(error)}`, fix });
  }
  const contexts = config.getContexts().map(({ name }) => name);
  const chosen = context ?? config.getCurrentContext();
  if (contexts.length === 0) {
    throw unusable({
      path: "--kubeconfig",
      reason: `${file}: it has no context, so it leads to no cluster.`,
      fix: "Name a file that kubectl accepts.",
    });
  }
  if (!chosen) {
    throw unusable({
      path: "--context",
      reason: "it is not given, and the file has no current context.",
      fix: `Write one of ${contexts.map((name) => `"${name}"`).join(", ")}.`,
    });
  }
  if (!contexts.includes(chosen)) throw unusable(unknownChoice("--context", chosen, contexts));
  config.setCurrentContext(chosen);
  const user = config.getContextObject(chosen)?.user;
  const cluster = config.getContextObject(chosen)?.cluster;
  config.contexts = config.contexts.filter(({ name }) => name === chosen);
  config.users = config.users.filter(({ name }) => name === user);
  config.clusters = config.clusters.filter(({ name }) => name === cluster);
  return config.exportConfig();
}

function unusable(problem: Problem): ProblemError {
  return new ProblemError("The kubeconfig cannot be used", [problem]);
}

/** The library's messages about contents quote them, credentials included; those of the file system do not. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && "code" in error) return `${error.message}.`;
  const { mark } = (error ?? {}) as { mark?: { line?: unknown } };
  const where = typeof mark?.line === "number" ? ` (line ${mark.line + 1} cannot be read)` : "";
  return `it is not the YAML or JSON of a kubeconfig${where}.`;
}
