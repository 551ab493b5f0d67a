import { resolve } from "node:path";
import envPaths from "env-paths";
import type { Problem } from "../../components/core/problem.ts";

/**
 * The folder with the data of all embedded environments: `$SERIN_HOME/environments`, or `environments` in the user's
 * data folder (`~/.local/share/serin`).
 */
export function environmentsDir(): string {
  const home = process.env.SERIN_HOME;
  return resolve(home === undefined || home === "" ? envPaths("serin", { suffix: "" }).data : home, "environments");
}

/** The data directory of one embedded environment, an absolute path. The environment keeps no other files. */
export function environmentDir(name: string): string {
  return resolve(environmentsDir(), name);
}

/** The absolute paths of all files in an environment's data directory. */
export function environmentFiles(dataDir: string) {
  const at = (...parts: string[]) => resolve(dataDir, ...parts);
  return {
    state: at("environment.json"),
    status: at("status.json"),
    kubeconfig: at("kubeconfig"),
    /** Keys, certificates, tokens and the kubeconfigs of the components. Only the user may read them. */
    secrets: at("secrets"),
    etcd: at("etcd"),
    logs: at("logs"),
    temporary: at("tmp"),
    /** A link to the model store. The PersistentVolume names the link and stays the same when the store moves. */
    modelStore: at("model-store"),
    gatewayBootstrap: at("mesh", "gateway.json"),
    prometheusConfig: at("prometheus", "prometheus.yml"),
    prometheusData: at("prometheus", "data"),
    /** JSON files for Prometheus' `file_sd_configs`, which the node agent writes. */
    prometheusTargets: at("prometheus", "targets"),
  } as const;
}

/**
 * Checks the name of an embedded environment: a DNS label, because it becomes the name of a folder and part of
 * Kubernetes names, of at most 40 characters, which leaves room for suffixes.
 */
export function validateEnvironmentName(name: string): Problem[] {
  if (/^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/.test(name)) return [];
  return [
    {
      path: "environment",
      reason: `"${name}" is not a valid name: a name has 1 to 40 lower-case letters, digits and dashes, and a letter or digit at both ends.`,
      fix: 'Write, for example, "local".',
    },
  ];
}
