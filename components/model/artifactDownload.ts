import * as pulumi from "@pulumi/pulumi";
import type { IContainer } from "kubernetes-models/v1/Container";
import type { DeepInput } from "../core/customResource.ts";

/** The name of the init container that brings the files of a version from an object store. */
export const artifactDownload = "artifact-download";

/**
 * rclone 1.75.1 for amd64 and arm64: one program for S3, GCS and Azure Blob, which takes the identity of the pod from
 * the environment as Triton does. The digest is the one that several public projects pin for `rclone/rclone:1.75.1`.
 */
export const rcloneImage =
  "docker.io/rclone/rclone@sha256:45401ad7410db1d67ffdb58e19059ad20b0d8e0285a60e38bbec55cc1019c7a5";

/**
 * The user of Istio's proxy, whose requests are not redirected to the proxy: it may start after the init containers
 * (Istio, "Compatibility with application init containers").
 */
const proxyUser = 1337;

/**
 * A folder of an object store as Triton addresses it, in rclone's words: a remote without a configuration file, with
 * the credentials of the environment.
 *
 * @param url `s3://bucket/path`, `s3://https://host:port/bucket/path`, `gs://bucket/path` or `as://account/container/path`
 * @param region of a bucket of S3
 */
export function rcloneSource(url: string, region?: string): string {
  const [, scheme, rest = ""] = /^([a-z0-9]+):\/\/(.*)$/.exec(url) ?? [];
  switch (scheme) {
    case "s3": {
      const [, endpoint, path = rest] = /^(https?:\/\/[^/]+)\/(.*)$/.exec(rest) ?? [];
      const options = [
        endpoint === undefined ? "provider=AWS" : `provider=Other,endpoint="${endpoint}"`,
        "env_auth=true",
        ...(region === undefined ? [] : [`region=${region}`]),
      ];
      return `:s3,${options.join(",")}:${path}/`;
    }
    case "gs":
      return `:gcs,env_auth=true,bucket_policy_only=true:${rest}/`;
    case "as": {
      const [host = "", ...path] = rest.split("/");
      return `:azureblob,env_auth=true,account=${host.split(".")[0]}:${path.join("/")}/`;
    }
    default:
      throw new Error(`"${url}" is not the address of an object store.`);
  }
}

/**
 * The init container that copies the folder at `url` into `folder`, so that what is checked is what Triton loads. It
 * ends with rclone's exit code, 1 where the store refuses. A folder that is not there is copied as an empty one, which
 * the check then refuses.
 */
export function downloadContainer(
  url: pulumi.Input<string>,
  folder: string,
  base: Pick<DeepInput<IContainer>, "image" | "resources" | "volumeMounts"> & {
    readonly env: Readonly<Record<string, string>>;
  },
): DeepInput<IContainer> {
  const { env, ...rest } = base;
  const source = (at: string) => rcloneSource(at, env.AWS_REGION);
  return {
    name: artifactDownload,
    ...rest,
    command: ["rclone"],
    args: [
      "copy",
      // A plain string where the address is known, so that a plan shows it.
      typeof url === "string" ? source(url) : pulumi.output(url).apply(source),
      folder,
      "--config=",
      "--log-level=ERROR",
    ],
    env: Object.entries(env).map(([name, value]) => ({ name, value })),
    terminationMessagePolicy: "FallbackToLogsOnError",
    securityContext: { runAsUser: proxyUser, allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
  };
}
