import { DiagnosticSetting } from "@pulumi/azure-native/monitor/diagnosticSetting.js";
import * as pulumi from "@pulumi/pulumi";
import { Component } from "../../core/component.ts";
import type { AuditStoreArgs } from "../stores.ts";
import type { AksScope } from "./aksScope.ts";
import { type LogAccount, logAccount } from "./storageAccounts.ts";

/**
 * What is recorded of each kind of resource. `kube-audit-admin` is the audit log without `get` and `list`, which are
 * the bulk of it and of its cost (MicrosoftDocs/azure-aks-docs `articles/aks/monitor-aks.md`); `guard` is who was let
 * in by Entra and Azure RBAC.
 */
const categories = {
  cluster: ["kube-audit-admin", "guard"],
  vault: ["AuditEvent"],
  blobs: ["StorageRead", "StorageWrite", "StorageDelete"],
} as const;

/**
 * The audit logs of a cluster and the access logs of its keys and model store. Azure Monitor appends to a container per
 * category, which is made here, before Azure Monitor would make it, so that none is ever without its policy. Access to
 * the logs is recorded in a second account: an account cannot record itself, each record would cause another.
 */
export class AksAuditStore extends Component {
  readonly #audit: LogAccount;

  constructor(name: string, args: AuditStoreArgs, scope: AksScope, opts: pulumi.ComponentResourceOptions) {
    const { retentionDays = 365, mode = "locked" } = args;
    super("cluster:AksAuditStore", name, { retentionDays, mode }, opts);
    const kept = { retentionDays, locked: mode === "locked" };

    this.#audit = logAccount(name, { purpose: "audit", categories: Object.values(categories).flat(), ...kept }, scope, {
      parent: this,
    });
    const access = logAccount(
      this.childName("access"),
      { purpose: "access", categories: categories.blobs, ...kept },
      scope,
      { parent: this },
    );
    recordedIn(access, `${name}-access-log`, "blobs", blobsOf(this.#audit.id), { parent: this });

    this.registerOutputs({ accountId: this.#audit.id });
  }

  /** Records what happens to a resource, by its id. */
  record(
    name: string,
    kind: keyof typeof categories,
    id: pulumi.Input<string>,
    opts: pulumi.CustomResourceOptions,
  ): DiagnosticSetting {
    return recordedIn(this.#audit, name, kind, id, opts);
  }
}

/** What stores blobs in an account, as Azure Monitor knows it. */
export function blobsOf(accountId: pulumi.Input<string>): pulumi.Output<string> {
  return pulumi.interpolate`${accountId}/blobServices/default`;
}

function recordedIn(
  { id, ready }: LogAccount,
  name: string,
  kind: keyof typeof categories,
  resourceUri: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): DiagnosticSetting {
  return new DiagnosticSetting(
    name,
    {
      name: "audit",
      resourceUri,
      storageAccountId: id,
      logs: categories[kind].map((category) => ({ category, enabled: true })),
    },
    { ...opts, dependsOn: [...ready] },
  );
}
