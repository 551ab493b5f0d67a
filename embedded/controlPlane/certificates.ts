import "reflect-metadata";
import { X509Certificate as ParsedCertificate, webcrypto } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import * as x509 from "@peculiar/x509";
import { writeFileAtomic } from "../process/atomicFile.ts";

/** A certificate authority of one embedded environment. Its private key stays in the environment's data directory. */
export interface Authority {
  /** The self-signed certificate, PEM. */
  readonly certificate: string;
  /** The key pair that signs certificates, ECDSA P-256. */
  readonly keys: webcrypto.CryptoKeyPair;
  /** The authority's distinguished name, `CN=…`. */
  readonly issuer: string;
}

/** A private key and the certificate for it. */
export interface KeyAndCertificate {
  /** The private key, PEM (PKCS #8). */
  readonly key: string;
  /** The certificate, PEM. */
  readonly certificate: string;
}

/**
 * The holder of a certificate. Kubernetes takes the user from the common name and the groups from the organizations.
 */
export interface Subject {
  /** The common name (CN): the Kubernetes user, or the name of the server. */
  readonly commonName: string;
  /** The organizations (O): the user's groups in Kubernetes. @default none */
  readonly organizations?: readonly string[];
  /** The IP addresses and DNS names of a server, for the subject alternative name. @default none, for a client */
  readonly hosts?: readonly string[];
  /** The extended key usage: client authentication, server authentication or both. */
  readonly usage: "client" | "server" | "both";
}

/**
 * Reads the authority from `<file>.crt` and `<file>.key`, and creates it on first use, valid for ten years. A restart
 * keeps it, so that clients that trust it still do.
 */
export async function ensureAuthority(file: string, name: string): Promise<Authority> {
  if (!existsSync(`${file}.crt`) || !existsSync(`${file}.key`)) await createAuthority(file, name);
  const certificate = readFileSync(`${file}.crt`, "utf8");
  const pkcs8 = x509.PemConverter.decodeFirst(readFileSync(`${file}.key`, "utf8"));
  const privateKey = await webcrypto.subtle.importKey("pkcs8", pkcs8, curve, true, ["sign"]);
  const parsed = new x509.X509Certificate(certificate);
  return { certificate, keys: { privateKey, publicKey: await parsed.publicKey.export() }, issuer: parsed.subject };
}

/**
 * Makes a key and a certificate that the authority signs. The certificate is valid for one year; each start of the
 * environment issues new ones.
 */
export async function issue(authority: Authority, subject: Subject): Promise<KeyAndCertificate> {
  const keys = await webcrypto.subtle.generateKey(curve, true, ["sign", "verify"]);
  const hosts = subject.hosts ?? [];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    issuer: authority.issuer,
    subject: distinguishedName(subject),
    ...validity(days(365)),
    signingAlgorithm: signature,
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(extendedUsages[subject.usage]),
      await x509.AuthorityKeyIdentifierExtension.create(authority.keys.publicKey),
      ...(hosts.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(hosts.map(alternativeName))]),
    ],
  });
  return { key: await keyPem(keys.privateKey), certificate: pem(certificate) };
}

/** Whether the authority has signed the certificate and the certificate is valid now. Both are PEM texts. */
export function isIssuedBy(certificate: string, authority: string): boolean {
  const leaf = new ParsedCertificate(certificate);
  const now = Date.now();
  return (
    leaf.verify(new ParsedCertificate(authority).publicKey) &&
    Date.parse(leaf.validFrom) <= now &&
    now < Date.parse(leaf.validTo)
  );
}

async function createAuthority(file: string, name: string): Promise<void> {
  const keys = await webcrypto.subtle.generateKey(curve, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: distinguishedName({ commonName: name, usage: "both" }),
    ...validity(days(3650)),
    signingAlgorithm: signature,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  writeFileAtomic(`${file}.key`, await keyPem(keys.privateKey));
  writeFileAtomic(`${file}.crt`, pem(certificate));
}

const curve = { name: "ECDSA", namedCurve: "P-256" } as const;
const signature = { name: "ECDSA", hash: "SHA-256" } as const;
const extendedUsages = {
  client: [x509.ExtendedKeyUsage.clientAuth],
  server: [x509.ExtendedKeyUsage.serverAuth],
  both: [x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth],
};

function distinguishedName({ commonName, organizations = [] }: Subject): x509.JsonName {
  return [{ CN: [commonName] }, ...organizations.map((organization) => ({ O: [organization] }))];
}

function alternativeName(host: string): x509.JsonGeneralName {
  return { type: /^[\d.]+$/.test(host) ? "ip" : "dns", value: host };
}

/** The validity starts one hour ago, because the clock of a machine that has just resumed may be behind. */
function validity(lifetimeMs: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + lifetimeMs) };
}

function days(count: number): number {
  return count * 86_400_000;
}

/** A random serial number: positive and at most 20 octets (RFC 5280 §4.1.2.2). */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  return `01${Buffer.from(bytes).toString("hex")}`;
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), x509.PemConverter.PrivateKeyTag)}\n`;
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}
