import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { environmentFiles } from "../machine/paths.ts";
import { apiServerName, metricsServer } from "../nodeAgent/kubelet/names.ts";
import { writeFileAtomic } from "../process/atomicFile.ts";
import { type Authority, ensureAuthority, issue, type Subject } from "./certificates.ts";

/**
 * The credentials of an embedded environment. They are paths of files, which may appear in a command line, except
 * `adminToken`.
 */
export interface Credentials {
  /** The certificate of the authority that Kubernetes clients and servers trust. */
  readonly clusterAuthority: string;
  /** kube-apiserver's serving certificate; the controller manager and the scheduler use it too. */
  readonly serving: CertificateFiles;
  /** The certificate of the authority that etcd trusts. */
  readonly etcdAuthority: string;
  /** etcd's certificate, for its client port and its peer port. */
  readonly etcdServing: CertificateFiles;
  /** kube-apiserver's client certificate for etcd. */
  readonly etcdClient: CertificateFiles;
  /** The certificate of the authority that the node agent trusts where it answers as kubelets do. */
  readonly kubeletAuthority: string;
  /** The certificate that it answers with. */
  readonly kubeletServing: CertificateFiles;
  /** kube-apiserver's client certificate for it. */
  readonly kubeletClient: CertificateFiles;
  /** The private key that signs service account tokens. */
  readonly serviceAccountKey: string;
  /** The public key that verifies service account tokens. */
  readonly serviceAccountPublicKey: string;
  /** kube-apiserver's token file (`--token-auth-file`). It contains only the user's token. */
  readonly tokens: string;
  /** The user's token itself: 64 hexadecimal digits, for the group `system:masters`. Not a path. */
  readonly adminToken: string;
  /** The kubeconfig of each component, with a client certificate for the component's own user. */
  readonly kubeconfigs: Readonly<Record<Component, string>>;
}

/** The paths of a private key and of its certificate, both PEM. */
export interface CertificateFiles {
  /** The private key. */
  readonly key: string;
  /** The certificate. */
  readonly certificate: string;
}

/**
 * The Kubernetes user of each component. Kubernetes binds built-in cluster roles to the first two names; `roles.ts`
 * binds roles to the others.
 */
export const componentUsers = {
  controllerManager: "system:kube-controller-manager",
  scheduler: "system:kube-scheduler",
  kwok: "serin:kwok",
  rollouts: "serin:argo-rollouts",
  istiod: "serin:istiod",
  nodeAgent: "serin:node-agent",
} as const;

/** A component with its own Kubernetes user. */
export type Component = keyof typeof componentUsers;

/**
 * Creates missing credentials and issues new certificates for `host`. Existing authorities, the user's token and the
 * service account key are kept, so that an earlier kubeconfig and earlier tokens stay valid after a restart.
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
  // etcd accepts every certificate of its authority. It has a separate authority, so that no Kubernetes user can
  // bypass the API server.
  const cluster = await ensureAuthority(at("cluster-ca"), `serin ${environment}`);
  const etcd = await ensureAuthority(at("etcd-ca"), `serin ${environment} etcd`);
  // So is what a kubelet answers: who may have that is for the API server to say.
  const kubelet = await ensureAuthority(at("kubelet-ca"), `serin ${environment} kubelet`);
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
    kubeletAuthority: at("kubelet-ca.crt"),
    kubeletServing: await issueFiles(kubelet, at("kubelet-serving"), {
      commonName: "kubelet",
      hosts: [host, metricsServer],
      usage: "server",
    }),
    kubeletClient: await issueFiles(kubelet, at("kubelet-client"), { commonName: apiServerName, usage: "client" }),
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

/** The token in `file`; on first use 256 random bits, as hexadecimal digits. */
function ensureToken(file: string): string {
  if (!existsSync(file)) writeFileAtomic(file, randomBytes(32).toString("hex"));
  return readFileSync(file, "utf8");
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
