import "reflect-metadata";
import { X509Certificate as ParsedCertificate, webcrypto } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import * as x509 from "@peculiar/x509";
import { writeFileAtomic } from "../process/atomicFile.ts";

/** A certificate authority of one environment; its key never leaves the environment's folder. */
export interface Authority {
  /** PEM. */
  readonly certificate: string;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly issuer: string;
}

export interface KeyAndCertificate {
  /** PEM, PKCS #8. */
  readonly key: string;
  /** PEM. */
  readonly certificate: string;
}

/** Whom a certificate is for: Kubernetes reads the user from the common name and the groups from the organizations. */
export interface Subject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  /** Addresses and names a server answers on; none for a client. */
  readonly hosts?: readonly string[];
  readonly usage: "client" | "server" | "both";
}

/** The authority kept in `<file>.crt` and `<file>.key`, made on first use so that a restart keeps what was trusted. */
export async function ensureAuthority(file: string, name: string): Promise<Authority> {
  if (!existsSync(`${file}.crt`) || !existsSync(`${file}.key`)) await createAuthority(file, name);
  const certificate = readFileSync(`${file}.crt`, "utf8");
  const pkcs8 = x509.PemConverter.decodeFirst(readFileSync(`${file}.key`, "utf8"));
  const privateKey = await webcrypto.subtle.importKey("pkcs8", pkcs8, curve, true, ["sign"]);
  const parsed = new x509.X509Certificate(certificate);
  return { certificate, keys: { privateKey, publicKey: await parsed.publicKey.export() }, issuer: parsed.subject };
}

/**
 * A key and a certificate signed by the authority, valid for a year: every start of the environment issues new ones.
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

/** Whether a certificate was signed by the authority and is valid now. */
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

/** An hour back, because clocks of a machine just resumed run behind. */
function validity(lifetimeMs: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + lifetimeMs) };
}

function days(count: number): number {
  return count * 86_400_000;
}

/** RFC 5280 §4.1.2.2: positive and at most 20 octets. */
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
