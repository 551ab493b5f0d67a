import { parse, stringify } from "yaml";
import { rejectProblems } from "../../core/problem.ts";

/**
 * How kubelogin gets a token: as the person or service `az login` was done by, or by what the environment of a pipeline
 * names.
 */
export type KubeLogin = "azurecli" | "spn" | "workloadidentity" | "msi";

export const kubeLogins = ["azurecli", "spn", "workloadidentity", "msi"] as const satisfies readonly KubeLogin[];

/**
 * The application that every AKS API server is known as in Entra (MicrosoftDocs/azure-aks-docs
 * `articles/aks/kubelogin-authentication.md`).
 */
const serverId = "6dae42f8-4368-4678-94ff-3960e28e3630";

interface Credentials {
  readonly clusters?: readonly {
    readonly cluster?: { readonly server?: string; readonly "certificate-authority-data"?: string };
  }[];
}

/**
 * The way to a cluster, made of the address and the certificate in what Azure hands out. The rest of that is left
 * behind: it has kubelogin ask a person for a code, which a pipeline cannot answer.
 */
export function aksKubeconfig(cluster: string, credentials: string, login: KubeLogin, tenant: string): string {
  const found = (parse(credentials) as Credentials).clusters?.[0]?.cluster;
  const server = found?.server;
  const certificate = found?.["certificate-authority-data"];
  if (server === undefined || certificate === undefined) {
    rejectProblems(`The credentials of ${cluster} cannot be used`, [
      { path: "clusters[0].cluster", reason: "Azure left out the server or its certificate." },
    ]);
  }
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: cluster, cluster: { server, "certificate-authority-data": certificate } }],
    contexts: [{ name: cluster, context: { cluster, user: cluster } }],
    "current-context": cluster,
    users: [{ name: cluster, user: { exec: kubelogin(login, tenant) } }],
  });
}

/**
 * With `spn`, `msi` and `workloadidentity` the client's id, and its secret if it has one, come from the environment of
 * who connects.
 */
function kubelogin(login: KubeLogin, tenant: string) {
  return {
    apiVersion: "client.authentication.k8s.io/v1beta1",
    command: "kubelogin",
    args: [
      "get-token",
      "--environment",
      "AzurePublicCloud",
      "--server-id",
      serverId,
      "--login",
      login,
      "--tenant-id",
      tenant,
    ],
    interactiveMode: "Never",
    provideClusterInfo: false,
    installHint: "kubelogin is part of the Azure CLI: az aks install-cli",
  };
}
