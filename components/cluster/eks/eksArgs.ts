import type * as pulumi from "@pulumi/pulumi";
import type { CloudClusterArgs } from "../cloudCluster.ts";
import type { awsMachines } from "./awsMachines.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Peering } from "./peerings.ts";

/**
 * A cluster of Amazon EKS with its network, keys and stores. The component's name is the EKS cluster's name, which is
 * unique in account and region. `admins` are roles and users of IAM: `role/<name>` or `user/<name>` of the account, or
 * the whole ARN. The role that brings up the platform must be among them: making the cluster gives no rights on it.
 */
export interface EksClusterArgs
  extends CloudClusterArgs<keyof typeof awsMachines, "onDemand" | "spot" | "reserved" | "block"> {
  /** The account's id, 12 digits. Changing it replaces everything. */
  readonly account: pulumi.Input<string>;
  /** Which addresses reach the API server. @default `{ kind: "private" }`. Changing it replaces nothing. */
  readonly endpoint?: Endpoint;
  /**
   * Networks that the cluster's VPC is connected to, by a name of yours: where people and pipelines are that use a
   * private endpoint, and clients of an internal gateway. @default none. Changing it replaces nothing of the cluster.
   */
  readonly peerings?: Readonly<Record<string, Peering>>;
  /**
   * EC2 machine of the system nodes, with an x86 processor: three to nine nodes for what needs no GPU.
   * @default "m6i.xlarge": 4 vCPU, 16 GiB. Changing it replaces these nodes, new ones first.
   */
  readonly systemMachine?: string;
}

/** A cluster as an environment declares it. The account's id comes from the configuration. */
export type EksDeclaration = Omit<EksClusterArgs, "account">;
