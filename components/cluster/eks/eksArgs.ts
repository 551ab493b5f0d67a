import type * as pulumi from "@pulumi/pulumi";
import type { CloudClusterArgs } from "../cloudCluster.ts";
import type { awsMachines } from "./awsMachines.ts";
import type { Endpoint } from "./endpoint.ts";

/**
 * A cluster of Amazon EKS with its network, keys and stores. Its name is the EKS cluster's, so one of a kind in account
 * and region. `admins` are roles and users of IAM: `role/<name>` or `user/<name>` of the account, or the whole ARN.
 * Whoever brings up the platform must be one of them, since making the cluster gives no rights on it.
 */
export interface EksClusterArgs
  extends CloudClusterArgs<keyof typeof awsMachines, "onDemand" | "spot" | "reserved" | "block"> {
  /** The account's id, 12 digits. Changing it replaces everything. */
  readonly account: pulumi.Input<string>;
  /** From where the API server can be reached. @default `{ kind: "private" }`. Changing it replaces nothing. */
  readonly endpoint?: Endpoint;
  /**
   * Machine of the three to nine nodes for all that needs no GPU, with an x86 processor. @default "m6i.xlarge": 4 vCPU,
   * 16 GiB. Changing it replaces these nodes, new ones first.
   */
  readonly systemMachine?: string;
}

/** What an environment declares; the account id comes from configuration. */
export type EksDeclaration = Omit<EksClusterArgs, "account">;
