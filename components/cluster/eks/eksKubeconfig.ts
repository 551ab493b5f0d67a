import * as pulumi from "@pulumi/pulumi";

export interface EksKubeconfigArgs {
  readonly cluster: string;
  readonly region: string;
  readonly endpoint: pulumi.Input<string>;
  /** PEM in base64, as EKS gives it. */
  readonly certificateAuthority: pulumi.Input<string>;
}

/**
 * Credentials come from `aws eks get-token` when they are used, from whatever identity the caller has: nothing in it
 * expires, names a profile of someone's machine (pulumi-eks #580) or lets anyone in who is not an admin already.
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
