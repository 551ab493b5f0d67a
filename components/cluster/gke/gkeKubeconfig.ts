/**
 * How to reach the Kubernetes API: by address with the cluster's own certificate authority, or by a DNS name with a
 * publicly trusted certificate.
 */
export interface ApiServer {
  /** Address or DNS name, without `https://`. */
  readonly host: string;
  /** The certificate authority in Base64, as GKE returns it. Absent for a DNS endpoint. */
  readonly ca?: string;
}

/**
 * A kubeconfig without credentials: `gke-gcloud-auth-plugin` takes those of whoever is signed in to gcloud where it
 * runs. So no credential is stored, and the text is the same in every run.
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
