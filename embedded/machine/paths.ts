import { resolve } from "node:path";
import envPaths from "env-paths";
import type { Problem } from "../../components/core/problem.ts";

/**
 * Where environments keep their data: `$SERIN_HOME/environments`, else the user's data folder (`~/.local/share/serin`).
 */
export function environmentsDir(): string {
  const home = process.env.SERIN_HOME;
  return resolve(home === undefined || home === "" ? envPaths("serin", { suffix: "" }).data : home, "environments");
}

/** Everything one environment owns on disk; removing it is removing the environment. */
export function environmentDir(name: string): string {
  return resolve(environmentsDir(), name);
}

/** The files inside an environment's folder, named once. */
export function environmentFiles(dataDir: string) {
  const at = (...parts: string[]) => resolve(dataDir, ...parts);
  return {
    state: at("environment.json"),
    status: at("status.json"),
    kubeconfig: at("kubeconfig"),
    /** Keys, certificates, tokens and the kubeconfigs of the components; readable by the user alone. */
    secrets: at("secrets"),
    etcd: at("etcd"),
    logs: at("logs"),
    temporary: at("tmp"),
    /** A link to the model store, so that the volume in the cluster stays the same when the store moves. */
    modelStore: at("model-store"),
    gatewayBootstrap: at("mesh", "gateway.json"),
    prometheusConfig: at("prometheus", "prometheus.yml"),
    prometheusData: at("prometheus", "data"),
    /** JSON files in Prometheus' file_sd form, one per scraped group, written by the node agent. */
    prometheusTargets: at("prometheus", "targets"),
  } as const;
}

/**
 * A name becomes a folder and part of Kubernetes names, so it is a DNS label; 40 characters leave room for suffixes.
 */
export function validateEnvironmentName(name: string): Problem[] {
  if (/^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/.test(name)) return [];
  return [
    {
      path: "environment",
      reason: `"${name}" is not a name: 1 to 40 lower-case letters, digits and dashes, a letter or digit at both ends.`,
    },
  ];
}
