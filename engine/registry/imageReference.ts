/** An image by digest, in the parts a registry's API asks for. */
export interface ImageReference {
  /** Host, with a port where it has one. */
  readonly registry: string;
  /** The repository in the registry: `library/nginx`. */
  readonly repository: string;
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
}

/** @throws TypeError for an image without a digest: models and policies take no other. */
export function parseImage(image: string): ImageReference {
  const [, name, digest] = /^([^@]+)@(sha256:[0-9a-f]{64})$/.exec(image) ?? [];
  if (name === undefined || digest === undefined) throw new TypeError(`"${image}" has no digest`);
  const [first = "", ...rest] = name.split("/");
  // As every container runtime tells a host from the first part of a Docker Hub name (distribution/reference
  // `normalize.go`).
  const isHost = rest.length > 0 && (first.includes(".") || first.includes(":") || first === "localhost");
  const repository = (isHost ? rest.join("/") : name).replace(/(?<=[^/]):[^/:]+$/, "");
  if (isHost && first !== "docker.io") return { registry: first, repository, digest };
  return {
    registry: "registry-1.docker.io",
    repository: repository.includes("/") ? repository : `library/${repository}`,
    digest,
  };
}
