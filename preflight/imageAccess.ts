import type { RegistryCredentials } from "../engine/registry/dockerConfig.ts";
import { parseImage } from "../engine/registry/imageReference.ts";
import { RegistryClient, RegistryRefusal, registryUrl } from "../engine/registry/registryClient.ts";
import { causeOf, webFetch } from "../engine/web.ts";

/** What a registry answered when it was asked for one image. */
export interface ImageAccess {
  /** The image, with its digest. */
  readonly image: string;
  /** The host of the registry. */
  readonly registry: string;
  /** Whether credentials were sent. */
  readonly as: "credentials" | "anonymous";
  /**
   * `denied`: the credentials are wrong, or not enough. `unreachable`: no answer, or one that no registry gives.
   * `notAsked`: the person did not want it.
   */
  readonly outcome:
    | { readonly kind: "there" }
    | { readonly kind: "denied"; readonly detail: string }
    | { readonly kind: "missing" }
    | { readonly kind: "notAsked" }
    | { readonly kind: "unreachable"; readonly detail: string };
}

/** How registries are asked. */
export interface AccessOptions {
  /** Ends the requests with its reason. */
  readonly signal: AbortSignal;
  /** How long one image may take, in ms. @default 15 000, because a slower registry makes every start of a pod slow */
  readonly timeoutMs?: number;
  /** Asks nobody: for a machine without a way to the registries. @default false */
  readonly skip?: boolean;
}

/** Asks the registries for the manifests of images, as a container runtime would before it pulls, and pulls nothing. */
export function imageAccess(
  images: readonly string[],
  credentials: RegistryCredentials,
  options: AccessOptions,
): Promise<ImageAccess[]> {
  return Promise.all([...new Set(images)].map((image) => accessTo(image, credentials, options)));
}

async function accessTo(image: string, all: RegistryCredentials, options: AccessOptions): Promise<ImageAccess> {
  const { registry, repository, digest } = parseImage(image);
  const credentials = all.get(registry);
  const about = { image, registry, as: credentials === undefined ? "anonymous" : "credentials" } as const;
  if (options.skip === true) return { ...about, outcome: { kind: "notAsked" } };
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs ?? 15_000)]);
  const client = new RegistryClient(
    { registry: registryUrl(registry), name: repository },
    (url, request) => webFetch(url, { ...request, signal }),
    credentials,
  );
  try {
    const { status } = await client.manifest("HEAD", digest);
    return { ...about, outcome: outcomeOf(status, registry) };
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof RegistryRefusal) return { ...about, outcome: { kind: "denied", detail: error.message } };
    const detail = signal.aborted ? "no answer in time" : causeOf(error);
    return { ...about, outcome: { kind: "unreachable", detail } };
  }
}

function outcomeOf(status: number, registry: string): ImageAccess["outcome"] {
  switch (status) {
    case 200:
      return { kind: "there" };
    case 401:
    case 403:
      return { kind: "denied", detail: `${registry} answers ${status} for the manifest` };
    case 404:
      return { kind: "missing" };
    default:
      return { kind: "unreachable", detail: `${registry} answers ${status}` };
  }
}
