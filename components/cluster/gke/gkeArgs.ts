import type * as pulumi from "@pulumi/pulumi";
import type { CloudClusterArgs } from "../cloudCluster.ts";
import type { GkeEndpoint } from "./endpoint.ts";
import type { gcpMachines } from "./gcpMachines.ts";
import type { GkePoolArgs } from "./gkePools.ts";

/**
 * A cluster of Google Kubernetes Engine, in a network of its own. `admins` are members of IAM: `user:ada@example.com`,
 * `group:…`, `serviceAccount:…`. Each gets `roles/container.admin` on this cluster only.
 */
export interface GkeClusterArgs
  extends CloudClusterArgs<keyof typeof gcpMachines, "onDemand" | "spot" | "reserved" | "queued"> {
  /** Id of the project, the same as the provider's. Changing it replaces everything. */
  readonly project: pulumi.Input<string>;
  /**
   * Number of the project. Names of Google's service agents and of the cluster's service accounts in IAM contain it.
   * Changing it replaces their grants.
   */
  readonly projectNumber: pulumi.Input<string>;
  /**
   * Ports of admission webhooks: the control plane may open connections to the nodes on these, beside 443 and 10250.
   * @default none. Changing them replaces nothing.
   */
  readonly webhookPorts?: readonly number[];
  /** @default `{ kind: "private" }`, as on the other clouds. Changing it replaces nothing. */
  readonly endpoint?: GkeEndpoint;
  /**
   * GPU node pools by key, a DNS label of at most 20 characters. Each becomes a `NodePool`. A changed key is a new
   * pool, which is made before the old one goes. @default none
   */
  readonly gpuPools?: Readonly<Record<string, GkePoolArgs>>;
}

/** What an environment declares. The project comes from configuration, and webhooks from the platform. */
export type GkeDeclaration = Omit<GkeClusterArgs, "project" | "projectNumber" | "webhookPorts">;
