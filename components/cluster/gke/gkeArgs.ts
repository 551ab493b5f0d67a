import type * as pulumi from "@pulumi/pulumi";
import type { CloudClusterArgs } from "../cloudCluster.ts";
import type { GkeEndpoint } from "./endpoint.ts";
import type { gcpMachines } from "./gcpMachines.ts";
import type { GkePoolArgs } from "./gkePools.ts";

/**
 * A cluster of Google Kubernetes Engine, in a network of its own. Admins are members of IAM: `user:ada@example.com`,
 * `group:…`, `serviceAccount:…`.
 */
export interface GkeClusterArgs
  extends CloudClusterArgs<keyof typeof gcpMachines, "onDemand" | "spot" | "reserved" | "queued"> {
  /** Id of the project, the same as the provider's. Changing it replaces everything. */
  readonly project: pulumi.Input<string>;
  /**
   * Number of the project: Google's own accounts in it, and its workloads, are named by it. Changing it replaces
   * grants.
   */
  readonly projectNumber: pulumi.Input<string>;
  /** @default `{ kind: "private" }`, as on the other clouds. Changing it replaces nothing. */
  readonly endpoint?: GkeEndpoint;
  readonly gpuPools?: Readonly<Record<string, GkePoolArgs>>;
}

/** What an environment declares; the project comes from configuration. */
export type GkeDeclaration = Omit<GkeClusterArgs, "project" | "projectNumber">;
