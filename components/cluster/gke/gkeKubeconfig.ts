/**
 * Where the API is: by address with the cluster's own certificate authority, or by a name whose certificate everybody
 * trusts.
 */
export interface ApiServer {
  readonly host: string;
  /** Base64, as GKE gives it. */
  readonly ca?: string;
}

/**
 * A kubeconfig without credentials: `gke-gcloud-auth-plugin` gets them from whoever is signed in where it runs, so none
 * is ever stored, and nothing in it changes from run to run.
 */
export function gkeKubeconfig(cluster: string, { host, ca }: ApiServer): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": cluster,
    clusters: [
      {
        name: cluster,
        cluster: { server: `https://${host}`, ...(ca === undefined ? {} : { "certificate-authority-data": ca }) },
      },
    ],
    contexts: [{ name: cluster, context: { cluster, user: cluster } }],
    users: [
      {
        name: cluster,
        user: {
          exec: {
            apiVersion: "client.authentication.k8s.io/v1beta1",
            command: "gke-gcloud-auth-plugin",
            interactiveMode: "Never",
            provideClusterInfo: true,
            installHint: "gcloud components install gke-gcloud-auth-plugin",
          },
        },
      },
    ],
  });
}
