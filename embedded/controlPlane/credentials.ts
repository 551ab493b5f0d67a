import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { environmentFiles } from "../machine/paths.ts";
import { writeFileAtomic } from "../process/atomicFile.ts";
import { type Authority, ensureAuthority, issue, type Subject } from "./certificates.ts";

/**
 * Paths of everything secret in an environment, ready to be named in a command line (which carries no secret itself).
 */
export interface Credentials {
  readonly clusterAuthority: string;
  readonly serving: CertificateFiles;
  readonly etcdAuthority: string;
  readonly etcdServing: CertificateFiles;
  readonly etcdClient: CertificateFiles;
  readonly serviceAccountKey: string;
  readonly serviceAccountPublicKey: string;
  /** kube-apiserver's token file: one random token, the person's. */
  readonly tokens: string;
  /** The person's token, for the supervisor's own requests. */
  readonly adminToken: string;
  /** The kubeconfig of each component, with rights of its own. */
  readonly kubeconfigs: Readonly<Record<Component, string>>;
}

export interface CertificateFiles {
  readonly key: string;
  readonly certificate: string;
}

/** Who the components are to the API server. The first two names are the ones Kubernetes' own roles are bound to. */
export const componentUsers = {
  controllerManager: "system:kube-controller-manager",
  scheduler: "system:kube-scheduler",
  kwok: "serin:kwok",
  rollouts: "serin:argo-rollouts",
  istiod: "serin:istiod",
  nodeAgent: "serin:node-agent",
} as const;

export type Component = keyof typeof componentUsers;

/**
 * Makes what is missing and issues all certificates anew for the given address. The authorities, the token and the
 * service account key stay, so that a kubeconfig and tokens handed out earlier go on working after a restart.
 */
export async function ensureCredentials(
  dataDir: string,
  environment: string,
  host: string,
  apiserverPort: number,
): Promise<Credentials> {
  const files = environmentFiles(dataDir);
  mkdirSync(files.secrets, { recursive: true, mode: 0o700 });
  const at = (name: string) => join(files.secrets, name);
  // etcd trusts whatever its authority signed, so it has one of its own: no Kubernetes user may go round the API
  // server.
  const cluster = await ensureAuthority(at("cluster-ca"), `serin ${environment}`);
  const etcd = await ensureAuthority(at("etcd-ca"), `serin ${environment} etcd`);
  ensureServiceAccountKey(at("service-account"));
  const adminToken = ensureToken(at("admin-token"));
  writeFileAtomic(at("tokens.csv"), `${adminToken},admin,admin,"system:masters"\n`);

  const hosts = [host, "127.0.0.1", "localhost", "kubernetes.default.svc"];
  const server = `https://${host}:${apiserverPort}`;
  const kubeconfigs: Record<Component, string> = { ...componentUsers };
  for (const component of Object.keys(componentUsers) as Component[]) {
    const { key, certificate } = await issue(cluster, { commonName: componentUsers[component], usage: "client" });
    kubeconfigs[component] = at(`${component}.kubeconfig`);
    const user = { "client-certificate-data": base64(certificate), "client-key-data": base64(key) };
    writeFileAtomic(kubeconfigs[component], kubeconfig(environment, server, cluster.certificate, user));
  }
  writeFileAtomic(files.kubeconfig, kubeconfig(environment, server, cluster.certificate, { token: adminToken }));

  return {
    clusterAuthority: at("cluster-ca.crt"),
    serving: await issueFiles(cluster, at("serving"), { commonName: "kube-apiserver", hosts, usage: "server" }),
    etcdAuthority: at("etcd-ca.crt"),
    etcdServing: await issueFiles(etcd, at("etcd-serving"), { commonName: "etcd", hosts, usage: "both" }),
    etcdClient: await issueFiles(etcd, at("etcd-client"), { commonName: "kube-apiserver", usage: "client" }),
    serviceAccountKey: at("service-account.key"),
    serviceAccountPublicKey: at("service-account.pub"),
    tokens: at("tokens.csv"),
    adminToken,
    kubeconfigs,
  };
}

function kubeconfig(environment: string, server: string, authority: string, user: object): string {
  const name = `serin-${environment}`;
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server, "certificate-authority-data": base64(authority) } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  });
}

async function issueFiles(authority: Authority, file: string, subject: Subject): Promise<CertificateFiles> {
  const { key, certificate } = await issue(authority, subject);
  writeFileAtomic(`${file}.key`, key);
  writeFileAtomic(`${file}.crt`, certificate);
  return { key: `${file}.key`, certificate: `${file}.crt` };
}

function ensureServiceAccountKey(file: string): void {
  if (existsSync(`${file}.key`) && existsSync(`${file}.pub`)) return;
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  writeFileAtomic(`${file}.key`, privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  writeFileAtomic(`${file}.pub`, publicKey.export({ type: "spki", format: "pem" }).toString());
}

/** 256 bits from the system's random source. */
function ensureToken(file: string): string {
  if (!existsSync(file)) writeFileAtomic(file, randomBytes(32).toString("hex"));
  return readFileSync(file, "utf8");
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
