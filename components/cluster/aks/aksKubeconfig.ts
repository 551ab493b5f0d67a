import { parse, stringify } from "yaml";
import { rejectProblems } from "../../core/problem.ts";

/**
 * How kubelogin gets a token. `azurecli`: as whoever ran `az login`. `spn`, `workloadidentity`, `msi`: as the client
 * that environment variables of a pipeline name (service principal, federated token, managed identity).
 */
export type KubeLogin = "azurecli" | "spn" | "workloadidentity" | "msi";

/** All values of `KubeLogin`, to check declarations that no compiler has seen. */
export const kubeLogins = ["azurecli", "spn", "workloadidentity", "msi"] as const satisfies readonly KubeLogin[];

/**
 * Id of the Entra application that stands for the API servers of all AKS clusters (MicrosoftDocs/azure-aks-docs
 * `articles/aks/kubelogin-authentication.md`).
 */
const serverId = "6dae42f8-4368-4678-94ff-3960e28e3630";

interface Credentials {
  readonly clusters?: readonly {
    readonly cluster?: { readonly server?: string; readonly "certificate-authority-data"?: string };
  }[];
}

/**
 * A kubeconfig with the server and certificate authority of `credentials`, the kubeconfig that Azure returns, and with
 * a user of our own: Azure's asks a person for a device code, which a pipeline cannot enter. `tenant` is the id of the
 * Entra tenant.
 *
 * @throws ProblemError when `credentials` has no server or no certificate authority.
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
 * With `spn`, `msi` and `workloadidentity`, kubelogin reads the client's id, and its secret if it has one, from
 * environment variables of whoever connects.
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
