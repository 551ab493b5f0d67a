import type { Partially } from "../rule.ts";

export interface PeerAuthentication {
  readonly metadata: { readonly namespace: string };
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly mtls: { readonly mode: string };
    readonly portLevelMtls: Readonly<Record<string, { readonly mode: string }>>;
  };
}

/** Istio's root namespace, unless a mesh renames it. What is written there without a selector holds for the whole mesh. */
const rootNamespace = "istio-system";

export function isMeshWide({ metadata, spec }: Partially<PeerAuthentication>): boolean {
  return metadata?.namespace === rootNamespace && Object.keys(spec?.selector?.matchLabels ?? {}).length === 0;
}
