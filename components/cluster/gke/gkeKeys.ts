import { CryptoKey } from "@pulumi/gcp/kms/cryptoKey.js";
import { CryptoKeyIAMMember } from "@pulumi/gcp/kms/cryptoKeyIAMMember.js";
import { KeyRing } from "@pulumi/gcp/kms/keyRing.js";
import * as pulumi from "@pulumi/pulumi";
import { Component } from "../../core/component.ts";

/** Where keys are, and whose service agents use them. */
export interface GkeKeysArgs {
  /**
   * `location` of the key ring: the cluster's region, since a bucket takes a key of its own location only. A change
   * replaces all keys.
   */
  readonly region: string;
  /** Number of the project, in the names of its service agents. A change replaces the grants. */
  readonly projectNumber: pulumi.Input<string>;
  /** Whether Pulumi refuses to delete key ring and keys. */
  readonly protect: boolean;
  /** `labels` of the keys. A change updates them in place. */
  readonly labels: Readonly<Record<string, string>>;
}

/** A key and its user's right to it. A resource that is given `id` must depend on `grant`. */
export interface GrantedKey {
  /** `projects/<project>/locations/<region>/keyRings/<ring>/cryptoKeys/<key>`, without a version. */
  readonly id: pulumi.Output<string>;
  /** The service agent's role `cloudkms.cryptoKeyEncrypterDecrypter` on the key. */
  readonly grant: pulumi.Resource;
}

/**
 * What each key encrypts, and the one service agent of Google Cloud that may use it:
 * `service-<project number>@<agent>.iam.gserviceaccount.com`.
 */
const users = {
  /** Secrets of Kubernetes, in etcd. */
  secrets: "container-engine-robot",
  /** Disks of nodes. */
  disks: "compute-system",
  /** The model store. */
  models: "gs-project-accounts",
} as const;

/** 90 days, as the CIS benchmark asks. Old versions of a key stay, so nothing is encrypted again. */
const rotationPeriod = `${90 * 24 * 3600}s`;
/** A destroyed key can be restored for 30 days. After that, what it encrypted can never be read. */
const destroyScheduledDuration = `${30 * 24 * 3600}s`;

/** The customer-managed keys of a cluster, one for each service that encrypts with them. Rotated every 90 days. */
export class GkeKeys extends Component {
  /** Encrypts Secrets of Kubernetes in etcd; for the service agent of GKE. */
  readonly secrets: GrantedKey;
  /** Encrypts boot disks of nodes; for the service agent of Compute Engine. */
  readonly disks: GrantedKey;
  /** Encrypts the model store; for the service agent of Cloud Storage. */
  readonly models: GrantedKey;

  constructor(name: string, args: GkeKeysArgs, opts: pulumi.ComponentResourceOptions) {
    super("cluster:GkeKeys", name, { region: args.region }, opts);

    // Google Cloud never deletes key rings and keys, and never frees their names. Pulumi names them, so that a cluster
    // can be made a second time.
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
