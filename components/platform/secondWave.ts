import { renderedDirectory, type SiteSettings } from "../cluster/onPrem/siteSettings.ts";

/**
 * Metadata of what an agent at a rendered site applies once everything else there is healthy, as Argo CD reads it; with
 * Flux a second Kustomization selects by it (docs/clusters/edge.md).
 *
 * Both agents apply webhook configurations after Deployments. A gateway that is older than istiod's injector keeps
 * `image: auto` and never starts (istio #53290, #46307), and a custom resource is refused while its webhook does not
 * answer. Elsewhere dependencies give the order, and there is none.
 */
export function secondWave(settings: SiteSettings | undefined): {
  readonly annotations?: Readonly<Record<string, string>>;
} {
  return renderedDirectory(settings) === undefined ? {} : { annotations: { "argocd.argoproj.io/sync-wave": "1" } };
}
