import { RoleDefinition } from "@pulumi/azure-native/authorization/roleDefinition.js";
import { FederatedIdentityCredential } from "@pulumi/azure-native/managedidentity/federatedIdentityCredential.js";
import * as pulumi from "@pulumi/pulumi";
import { Component } from "../../core/component.ts";
import {
  bindingProblems,
  type IdentityBinding,
  type StorePermission,
  type WorkloadIdentity,
} from "../workloadIdentity.ts";
import type { AksScope } from "./aksScope.ts";
import { assignRole } from "./assignRole.ts";
import { knownName } from "./knownName.ts";
import { managedIdentity } from "./managedIdentity.ts";
import { prefixCondition, readActions, writeActions } from "./prefixCondition.ts";
import { shortened } from "./shortened.ts";
import { stableUuid } from "./stableUuid.ts";

/** Names the identity on a service account that is bound. */
export const clientIdAnnotation = "azure.workload.identity/client-id";

/** Has the webhook of AKS give a pod its token (Azure/azure-workload-identity). */
export const tokenLabels = { "azure.workload.identity/use": "true" } as const;

export interface AksWorkloadIdentityArgs {
  /** The id of the resource group, in which our own role may be assigned. */
  readonly resourceGroupId: pulumi.Input<string>;
  readonly oidcIssuerUrl: pulumi.Input<string>;
  readonly containerId: pulumi.Input<string>;
}

/**
 * An identity for each service account, with which its pods get a token of Entra for their own. Each has one federated credential, so
 * that no two of one identity are ever written at once, which Azure refuses.
 */
export class AksWorkloadIdentity extends Component implements WorkloadIdentity {
  readonly kind = "federatedCredential";
  readonly #args: AksWorkloadIdentityArgs;
  readonly #scope: AksScope;
  readonly #bound = new Set<string>();
  #writer: { readonly name: string; readonly id: pulumi.Input<string> } | undefined;

  constructor(name: string, args: AksWorkloadIdentityArgs, scope: AksScope, opts: pulumi.ComponentResourceOptions) {
    super("cluster:AksWorkloadIdentity", name, {}, opts);
    this.#args = args;
    this.#scope = scope;
    this.registerOutputs({});
  }

  bind(namespace: string, serviceAccount: string, permission: StorePermission): IdentityBinding {
    const pair = `${namespace}/${serviceAccount}`;
    this.reject(bindingProblems(this.#bound, pair, permission));
    this.#bound.add(pair);

    const { containerId, oidcIssuerUrl } = this.#args;
    // No name of Kubernetes has a "_", so two pairs never share a name.
    const name = this.childName(`${namespace}_${serviceAccount}`);
    const identity = managedIdentity(name, this.#scope, { parent: this });
    new FederatedIdentityCredential(
      `${name}-token`,
      {
        federatedIdentityCredentialResourceName: "kubernetes",
        resourceName: knownName(identity, shortened(name, 128)),
        resourceGroupName: this.#scope.resourceGroupName,
        issuer: oidcIssuerUrl,
        subject: `system:serviceaccount:${namespace}:${serviceAccount}`,
        audiences: ["api://AzureADTokenExchange"],
      },
      { parent: this },
    );
    assignRole(
      `${name}-models`,
      {
        role: permission.access === "write" ? this.#writerRole() : "Storage Blob Data Reader",
        identity,
        on: containerId,
        condition: prefixCondition(permission),
      },
      this.#scope,
      { parent: this },
    );
    return {
      annotations: { [clientIdAnnotation]: identity.clientId },
      podLabels: tokenLabels,
    };
  }

  /** A role of ours, made for the first that writes: Azure's Storage Blob Data Contributor may also delete the container. */
  #writerRole(): { readonly name: string; readonly id: pulumi.Input<string> } {
    if (this.#writer === undefined) {
      const { resourceGroupId } = this.#args;
      const { cluster, subscription } = this.#scope;
      const name = this.childName("writer");
      const uuid = pulumi.output(subscription).apply((id) => stableUuid(id, name));
      const definition = new RoleDefinition(
        name,
        {
          roleDefinitionId: uuid,
          // Unique in the tenant.
          roleName: pulumi.interpolate`Model writer of ${cluster} (${uuid})`,
          description: `Reads, writes and deletes blobs in the model store of ${cluster}.`,
          roleType: "CustomRole",
          scope: resourceGroupId,
          assignableScopes: [resourceGroupId],
          permissions: [
            { actions: [], notActions: [], dataActions: [...readActions, ...writeActions], notDataActions: [] },
          ],
        },
        { parent: this },
      );
      this.#writer = { name, id: definition.id };
    }
    return this.#writer;
  }
}
