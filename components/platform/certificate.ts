import type * as pulumi from "@pulumi/pulumi";
import { type CustomResourceMetadata, customResource } from "../core/customResource.ts";
import { isObjectName } from "../core/names.ts";
import { type Problem, under, unknownChoice } from "../core/problem.ts";

/** Where the certificate of the models' gateway comes from. It is for `*.<domain>`. Changing it drops no connection. */
export type Certificate =
  /**
   * A Secret of type `kubernetes.io/tls` in the namespace of the gateway's pods (`istio-ingress` where we install it).
   * Somebody else writes and renews it.
   */
  | { readonly kind: "secret"; readonly name: string }
  /**
   * cert-manager makes a certificate authority on each cluster, and signs with it. Clients must trust the authority:
   * its certificate is `ca.crt` in the Secret `istio-ingress/models-tls`.
   */
  | { readonly kind: "privateCa" }
  /** A ClusterIssuer of cert-manager that exists already, by its name. */
  | { readonly kind: "issuer"; readonly name: string }
  /**
   * An ACME server, by default Let's Encrypt. The names are proven by DNS records (DNS-01), the only way for a wildcard
   * and for a gateway that the internet does not reach.
   */
  | {
      readonly kind: "acme";
      /** Gets a message when a certificate is about to expire. */
      readonly email: string;
      /** The directory of the ACME server. @default Let's Encrypt's production server */
      readonly server?: string;
      /** Where the domain's records are, and how cert-manager may change them. */
      readonly dns01: Dns01;
    };

/** A DNS zone, with the fields that cert-manager's `dns01` solvers have. The credentials are those of its pods. */
export type Dns01 =
  /** Amazon Route 53. `role` is the ARN of an IAM role that cert-manager assumes. */
  | { readonly route53: { readonly region: string; readonly hostedZoneID?: string; readonly role?: string } }
  /** Azure DNS. `managedIdentity` is the identity that is federated with cert-manager's service account. */
  | {
      readonly azureDNS: {
        readonly subscriptionID: string;
        readonly resourceGroupName: string;
        readonly hostedZoneName: string;
        readonly managedIdentity: { readonly clientID: string };
      };
    }
  /** Google Cloud DNS. */
  | { readonly cloudDNS: { readonly project: string; readonly hostedZoneName?: string } };

/** The Secret that cert-manager writes the gateway's certificate to, in the gateway's namespace. */
const certificateSecret = "models-tls";

const letsEncrypt = "https://acme-v02.api.letsencrypt.org/directory";

/** Everything wrong with a certificate, by the path below it. `adopted`: the gateway is not installed by us. */
export function certificateProblems(certificate: Certificate, adopted: boolean): Problem[] {
  if (!["secret", "privateCa", "issuer", "acme"].includes(certificate.kind)) {
    return [unknownChoice("kind", certificate.kind, ["secret", "privateCa", "issuer", "acme"])];
  }
  if (adopted && certificate.kind !== "secret") {
    return [
      {
        path: "kind",
        reason: "the gateway is adopted, so its namespace is not known, and cert-manager writes a Secret into one.",
        fix: 'Write { kind: "secret", name } with a Secret beside the gateway\'s pods.',
      },
    ];
  }
  switch (certificate.kind) {
    case "privateCa":
      return [];
    case "secret":
    case "issuer":
      return isObjectName(certificate.name)
        ? []
        : [
            {
              path: "name",
              reason: `"${certificate.name}" cannot be the name of a ${certificate.kind === "secret" ? "Secret" : "ClusterIssuer"}.`,
              fix: 'Write, for example, "models".',
            },
          ];
    case "acme":
      return acmeProblems(certificate);
  }
}

function acmeProblems({ email, server, dns01 }: Extract<Certificate, { kind: "acme" }>): Problem[] {
  return [
    ...(/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)
      ? []
      : [{ path: "email", reason: `"${email}" is not an address.`, fix: 'Write, for example, "ops@example.com".' }]),
    ...(server === undefined || /^https:\/\/[^\s/]+/.test(server)
      ? []
      : [{ path: "server", reason: `"${server}" is not the URL of an ACME directory.`, fix: "Write https://…" }]),
    ...(Object.keys(dns01).length === 1
      ? []
      : [
          {
            path: "dns01",
            reason: `it names ${Object.keys(dns01).length} DNS services.`,
            fix: "Name one: route53, azureDNS or cloudDNS.",
          },
        ]),
    ...under("dns01", zoneProblems(dns01)),
  ];
}

/** A field of a DNS zone: what it is, its form, and a value of that form. */
interface ZoneField {
  readonly what: string;
  readonly form: RegExp;
  readonly example: string;
}

const uuid: Omit<ZoneField, "what"> = {
  form: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  example: "00000000-0000-0000-0000-000000000000",
};

/** cert-manager takes any text, and says only in the status of a Challenge that there is no such zone. */
const zoneFields: Readonly<Record<string, ZoneField>> = {
  "route53.region": { what: "a region", form: /^[a-z]{2,}(-[a-z]+)+-\d$/, example: "us-east-1" },
  "route53.hostedZoneID": { what: "the id of a hosted zone", form: /^Z[A-Z0-9]{1,31}$/, example: "Z0123456789ABC" },
  "route53.role": {
    what: "the ARN of a role",
    form: /^arn:aws[a-z-]*:iam::\d{12}:role\/\S+$/,
    example: "arn:aws:iam::123456789012:role/dns",
  },
  "azureDNS.subscriptionID": { what: "the id of a subscription", ...uuid },
  "azureDNS.resourceGroupName": { what: "the name of a resource group", form: /^[\w.()-]{1,90}$/, example: "dns" },
  "azureDNS.hostedZoneName": {
    what: "the domain of a zone",
    form: /^([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)+[a-z0-9-]+$/i,
    example: "example.com",
  },
  "azureDNS.managedIdentity.clientID": { what: "the client id of a managed identity", ...uuid },
  "cloudDNS.project": {
    what: "the id of a project",
    form: /^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$/,
    example: "shop-1",
  },
  "cloudDNS.hostedZoneName": {
    what: "the name of a managed zone, which is not its domain",
    form: /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/,
    example: "example-com",
  },
};

function zoneProblems(dns01: Dns01): Problem[] {
  return Object.entries(zoneFields).flatMap(([path, { what, form, example }]) => {
    const value = path
      .split(".")
      .reduce<unknown>((inner, key) => (inner as Readonly<Record<string, unknown>> | undefined)?.[key], dns01);
    return value === undefined || (typeof value === "string" && form.test(value))
      ? []
      : [{ path, reason: `"${value}" is not ${what}.`, fix: `Write, for example, "${example}".` }];
  });
}

/** The name of the Secret that the gateway reads, in the namespace of its pods. */
export function secretOf(certificate: Certificate): string {
  return certificate.kind === "secret" ? certificate.name : certificateSecret;
}

/** True: cert-manager must run on the cluster. */
export function needsCertManager(certificate: Certificate | undefined): boolean {
  return certificate !== undefined && certificate.kind !== "secret";
}

/**
 * cert-manager's objects for a wildcard certificate of a domain, in the gateway's namespace; the issuer of an ACME
 * server is the cluster's. None for a Secret.
 */
export function certificateObjects(
  name: string,
  certificate: Certificate,
  at: Pick<CustomResourceMetadata, "namespace" | "annotations"> & { readonly domain: string },
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const { domain, ...metadata } = at;
  const own = { name: "models", ...metadata };
  const privateKey = { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" } as const;
  const after = (earlier: pulumi.Resource | undefined) =>
    earlier === undefined ? opts : { ...opts, dependsOn: earlier };
  const sign = (issuerRef: { name: string; kind: "Issuer" | "ClusterIssuer" }, signer?: pulumi.Resource) =>
    customResource(
      "Certificate",
      `${name}-certificate`,
      own,
      { secretName: certificateSecret, dnsNames: [`*.${domain}`], issuerRef, privateKey },
      after(signer),
    );
  const issuer = (role: string, object: string, spec: object, earlier?: pulumi.Resource) =>
    customResource("Issuer", `${name}-${role}`, { name: object, ...metadata }, spec, after(earlier));

  switch (certificate.kind) {
    case "secret":
      return [];
    case "issuer":
      return [sign({ name: certificate.name, kind: "ClusterIssuer" })];
    case "acme": {
      const { email, server = letsEncrypt, dns01 } = certificate;
      const acme = { email, server, privateKeySecretRef: { name: "models-acme" }, solvers: [{ dns01 }] };
      // An Issuer may not use the credentials of cert-manager's pods (`--issuer-ambient-credentials` is false).
      const { namespace: _, ...ofCluster } = own;
      const ours = customResource("ClusterIssuer", `${name}-cluster-issuer`, ofCluster, { acme }, opts);
      return [ours, sign({ name: "models", kind: "ClusterIssuer" }, ours)];
    }
    case "privateCa": {
      const selfSigned = issuer("self-signed", "models-self-signed", { selfSigned: {} });
      const authority = customResource(
        "Certificate",
        `${name}-authority`,
        { name: "models-ca", ...metadata },
        {
          isCA: true,
          commonName: `Models of ${domain}`.slice(0, 64),
          secretName: "models-ca",
          // Ten years, so that clients need not learn another authority; the certificates it signs last 90 days.
          duration: "87600h",
          privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Never" },
          issuerRef: { name: "models-self-signed", kind: "Issuer" },
        },
        after(selfSigned),
      );
      const ours = issuer("issuer", "models", { ca: { secretName: "models-ca" } }, authority);
      return [selfSigned, authority, ours, sign({ name: "models", kind: "Issuer" }, ours)];
    }
  }
}
