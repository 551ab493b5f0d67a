import * as pulumi from "@pulumi/pulumi";

/** The cluster that a kubeconfig is for. */
export interface EksKubeconfigArgs {
  /** The EKS cluster's name. Cluster, context and user of the kubeconfig have the same name. */
  readonly cluster: string;
  /** The region that tokens are asked from. */
  readonly region: string;
  /** URL of the API server, `https://…`. */
  readonly endpoint: pulumi.Input<string>;
  /** Certificate of the authority that signed the API server's: PEM in base64, as EKS gives it. */
  readonly certificateAuthority: pulumi.Input<string>;
}

/**
 * A kubeconfig, in JSON and secret, that calls `aws eks get-token` at each use, with the AWS identity of the caller. So
 * nothing in it expires, it names no AWS profile of one machine (pulumi-eks #580), and it gives access to nobody who
 * has none in EKS.
 */
export function eksKubeconfig({
  cluster,
  region,
  endpoint,
  certificateAuthority,
}: EksKubeconfigArgs): pulumi.Output<string> {
  return pulumi.secret(
    pulumi.jsonStringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: cluster, cluster: { server: endpoint, "certificate-authority-data": certificateAuthority } }],
      contexts: [{ name: cluster, context: { cluster, user: cluster } }],
      "current-context": cluster,
      users: [
        {
          name: cluster,
          user: {
            exec: {
              apiVersion: "client.authentication.k8s.io/v1beta1",
              command: "aws",
              args: ["--region", region, "eks", "get-token", "--cluster-name", cluster, "--output", "json"],
              interactiveMode: "Never",
            },
          },
        },
      ],
    }),
  );
}
