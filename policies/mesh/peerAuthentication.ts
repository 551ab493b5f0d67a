import type { Partially } from "../rule.ts";

/** The fields of Istio's PeerAuthentication that rules read. */
export interface PeerAuthentication {
  /** The object's metadata. */
  readonly metadata: {
    /** The namespace it holds for; the root namespace stands for the whole mesh. */
    readonly namespace: string;
  };
  /** What it demands. */
  readonly spec: {
    /** The workloads it is about. Without one: all of the namespace. */
    readonly selector: {
      /** Labels of those workloads. */
      readonly matchLabels: Readonly<Record<string, string>>;
    };
    /** The mode of every port without a mode of its own. */
    readonly mtls: MutualTls;
    /** The mode by port number. */
    readonly portLevelMtls: Readonly<Record<string, MutualTls>>;
  };
}

/** Whether a workload accepts plain text. */
export interface MutualTls {
  /** `STRICT`, `PERMISSIVE`, `DISABLE` or `UNSET`. */
  readonly mode: string;
}

/**
 * Istio's root namespace, unless a mesh renames it. A PeerAuthentication there without a selector holds for the whole
 * mesh.
 */
const rootNamespace = "istio-system";

/** Whether a PeerAuthentication holds for the whole mesh. */
export function isMeshWide({ metadata, spec }: Partially<PeerAuthentication>): boolean {
  return metadata?.namespace === rootNamespace && Object.keys(spec?.selector?.matchLabels ?? {}).length === 0;
}
