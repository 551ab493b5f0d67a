import { CryptoKey } from "@pulumi/gcp/kms/cryptoKey.js";
import { CryptoKeyIAMMember } from "@pulumi/gcp/kms/cryptoKeyIAMMember.js";
import { KeyRing } from "@pulumi/gcp/kms/keyRing.js";
import * as pulumi from "@pulumi/pulumi";
import { Component } from "../../core/component.ts";

export interface GkeKeysArgs {
  readonly region: string;
  readonly projectNumber: pulumi.Input<string>;
  readonly protect: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

/** A key and what must be there before its user can use it: who gets `id` depends on `grant`. */
export interface GrantedKey {
  readonly id: pulumi.Output<string>;
  readonly grant: pulumi.Resource;
}

/**
 * What each key encrypts, and the service agent of Google Cloud that alone may use it (`service-<project
 * number>@<agent>.iam…`).
 */
const users = {
  /** Secrets of Kubernetes, in etcd. */
  secrets: "container-engine-robot",
  /** Disks of nodes. */
  disks: "compute-system",
  /** The model store. */
  models: "gs-project-accounts",
} as const;

/** Every 90 days, what CIS asks for; old versions stay, so nothing is encrypted anew. */
const rotationPeriod = `${90 * 24 * 3600}s`;
/** A destroyed key can be brought back for 30 days: without it nothing it encrypted can be read. */
const destroyScheduledDuration = `${30 * 24 * 3600}s`;

/** The customer's keys of a cluster, one for each who uses them. */
export class GkeKeys extends Component {
  readonly secrets: GrantedKey;
  readonly disks: GrantedKey;
  readonly models: GrantedKey;

  constructor(name: string, args: GkeKeysArgs, opts: pulumi.ComponentResourceOptions) {
    super("cluster:GkeKeys", name, { region: args.region }, opts);

    // Key rings and keys can never be deleted, nor their names used again: unnamed, so that a cluster can be made a
    // second time.
    const ring = new KeyRing(
      this.childName("ring"),
      { location: args.region },
      { parent: this, protect: args.protect },
    );
    this.secrets = this.#key("secrets", ring, args);
    this.disks = this.#key("disks", ring, args);
    this.models = this.#key("models", ring, args);

    this.registerOutputs({ secrets: this.secrets.id, disks: this.disks.id, models: this.models.id });
  }

  #key(use: keyof typeof users, ring: KeyRing, args: GkeKeysArgs): GrantedKey {
    const key = new CryptoKey(
      this.childName(use),
      { keyRing: ring.id, rotationPeriod, destroyScheduledDuration, labels: args.labels },
      { parent: this, protect: args.protect },
    );
    const grant = new CryptoKeyIAMMember(
      this.childName(`${use}-user`),
      {
        cryptoKeyId: key.id,
        role: "roles/cloudkms.cryptoKeyEncrypterDecrypter",
        member: pulumi.interpolate`serviceAccount:service-${args.projectNumber}@${users[use]}.iam.gserviceaccount.com`,
      },
      { parent: this },
    );
    return { id: key.id, grant };
  }
}
