import { isHostName, isPort } from "./names.ts";
import { type Problem, under } from "./problem.ts";

/** Where charts and images come from instead of the internet. */
export interface RegistryMirror {
  /**
   * A chart repository, `https://…` or `oci://registry/path`, without a user name. The machine that runs Pulumi reads
   * it. @default the public repository of each chart
   */
  readonly charts?: string;
  /**
   * `registry[:port][/path]`. Images keep the path that they have upstream: `quay.io/prometheus/prometheus` is
   * `<images>/prometheus/prometheus`. Where the mirror has an address for each registry, as pull-through caches have: a
   * record from registry to address, `{ "docker.io": "cache.example.com/docker-hub" }`. What a record does not name
   * comes from its own registry. The nodes read it. Changing it restarts the pods of every installed system, and starts
   * a release of each model whose image moves. @default the public registry of each image
   */
  readonly images?: string | Readonly<Record<string, string>>;
}

/** The choice that every cluster of a cloud declares. */
export interface WithRegistryMirror {
  /**
   * Where charts and images come from instead of their public registries: a pull-through cache of the account, whose
   * limits are not shared with everyone behind the same address. What the cloud runs itself is not affected.
   * @default every public registry
   */
  readonly registryMirror?: RegistryMirror;
}

/** The address that holds the images of `registry`, as upstream calls it. Undefined: they come from there. */
export function mirrorOf(mirror: RegistryMirror | undefined, registry: string): string | undefined {
  const images = mirror?.images;
  return typeof images === "string" ? images : images?.[registry];
}

/** An image of `registry`, without tag, at the mirror. Undefined: it comes from there, the default of every chart. */
export function mirroredPath(mirror: RegistryMirror | undefined, registry: string, path: string): string | undefined {
  const address = mirrorOf(mirror, registry);
  return address === undefined ? undefined : `${address}/${path}`;
}

/** Whether an image is named by an address of the mirror. */
export function isMirrored(mirror: RegistryMirror | undefined, image: string): boolean {
  const addresses = typeof mirror?.images === "string" ? [mirror.images] : Object.values(mirror?.images ?? {});
  return addresses.some((address) => image.startsWith(`${address}/`));
}

/** The image as nodes pull it. One that names an address of the mirror already stays as it is. */
export function mirroredImage(mirror: RegistryMirror | undefined, image: string): string {
  if (isMirrored(mirror, image)) return image;
  const [first = "", ...rest] = image.split("/");
  // As every container runtime tells a host from the first part of a Docker Hub name (distribution/reference
  // `normalize.go`).
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const name = isHost ? rest.join("/") : image;
  const registry = isHost ? first : "docker.io";
  const path = registry === "docker.io" && !name.includes("/") ? `library/${name}` : name;
  return mirroredPath(mirror, registry, path) ?? image;
}

/** The settings of a cluster in a cloud, which is like a site in this alone. Undefined: it has no mirror. */
export function mirrorSettings({
  registryMirror,
}: WithRegistryMirror): { readonly registryMirror: RegistryMirror } | undefined {
  return registryMirror === undefined ? undefined : { registryMirror };
}

/** Everything wrong with a declared mirror, by the path its owner typed. */
export function mirrorProblems({ registryMirror = {} }: WithRegistryMirror): Problem[] {
  return under("registryMirror", [...chartsProblems(registryMirror), ...imagesProblems(registryMirror)]);
}

function chartsProblems({ charts }: RegistryMirror): Problem[] {
  if (charts === undefined) return [];
  if (/^(https|oci):\/\/[^/\s?#]+(\/[^\s?#]*)?$/.test(charts) && !userInfo.test(charts)) return [];
  return [
    {
      path: "charts",
      reason: `"${withoutUser(charts)}" is not a chart repository: https:// or oci://, without a user name and without "?".`,
      fix: 'Write, for example, "oci://registry.example.com/charts"; credentials belong into helm registry login.',
    },
  ];
}

function imagesProblems({ images = {} }: RegistryMirror): Problem[] {
  if (typeof images === "string") return addressProblems("images", images);
  return Object.entries(images).flatMap(([registry, address]) => {
    const path = `images["${withoutUser(registry)}"]`;
    if (isImageRegistry(registry) && !registry.includes("/")) return addressProblems(path, address);
    return [
      {
        path,
        reason: "it is not the host of a registry.",
        fix: 'Write it as the names of images begin, for example "docker.io".',
      },
    ];
  });
}

function addressProblems(path: string, address: string): Problem[] {
  return isImageRegistry(address)
    ? []
    : [
        {
          path,
          reason: `"${withoutUser(address)}" is not a registry as images name it: host, port and path in lower case, without a scheme.`,
          fix: 'Write, for example, "registry.example.com:5000/mirror".',
        },
      ];
}

const imageRegistry = /^([a-z0-9.-]+)(?::(\d+))?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/;

function isImageRegistry(address: string): boolean {
  const [, host, port] = imageRegistry.exec(address) ?? [];
  return isHostName(host ?? "") && (port === undefined || isPort(port));
}

const userInfo = /^[a-z]+:\/\/[^/]*@/i;

/** Errors are printed, and the text before the `@`, or behind the `?`, may hold a password. */
export function withoutUser(address: string): string {
  return address
    .replace(/\/\/[^/]*@|^[^/]*@/, (match) => (match.startsWith("//") ? "//…@" : "…@"))
    .replace(/\?.*/s, "?…");
}
