import { readFileSync } from "node:fs";
import { environmentFiles } from "../machine/paths.ts";
import type { HttpProbe, ProcessSpec } from "../process/processSpec.ts";
import type { Allocation } from "./allocation.ts";

/** The pods with this label are run by the node agent; kwok leaves their status alone. */
export const nodeAgentPods = "serin.dev/server=triton";

/** The nodes with this label are kept alive by kwok. */
export const simulatedNodes = "serin.dev/simulated=true";

export function etcd({ host, ports, tools, dataDir, credentials }: Allocation): ProcessSpec {
  const client = `https://${host}:${ports.etcd}`;
  const peer = `https://${host}:${ports.etcdPeer}`;
  const { key, certificate } = credentials.etcdServing;
  const trusted = credentials.etcdAuthority;
  return {
    name: "etcd",
    command: tools.etcd,
    args: [
      "--name=serin",
      `--data-dir=${environmentFiles(dataDir).etcd}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=serin=${peer}`,
      ...["", "peer-"].flatMap((side) => [
        `--${side}client-cert-auth`,
        `--${side}trusted-ca-file=${trusted}`,
        `--${side}cert-file=${certificate}`,
        `--${side}key-file=${key}`,
      ]),
      "--log-level=warn",
    ],
    ready: {
      url: `${client}/readyz`,
      tls: { ca: text(trusted), cert: text(credentials.etcdClient.certificate), key: text(credentials.etcdClient.key) },
    },
  };
}

export function kubeApiserver({ host, ports, tools, credentials }: Allocation): ProcessSpec {
  return {
    name: "kube-apiserver",
    command: tools.kubeApiserver,
    args: [
      `--bind-address=${host}`,
      `--secure-port=${ports.apiserver}`,
      // The address other machines would use; loopback is refused and this one (RFC 5737) leads nowhere.
      "--advertise-address=192.0.2.1",
      "--endpoint-reconciler-type=none",
      `--external-hostname=${host}`,
      `--etcd-servers=https://${host}:${ports.etcd}`,
      `--etcd-cafile=${credentials.etcdAuthority}`,
      `--etcd-certfile=${credentials.etcdClient.certificate}`,
      `--etcd-keyfile=${credentials.etcdClient.key}`,
      `--tls-cert-file=${credentials.serving.certificate}`,
      `--tls-private-key-file=${credentials.serving.key}`,
      `--client-ca-file=${credentials.clusterAuthority}`,
      `--token-auth-file=${credentials.tokens}`,
      "--anonymous-auth=false",
      "--authorization-mode=Node,RBAC",
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-key-file=${credentials.serviceAccountPublicKey}`,
      `--service-account-signing-key-file=${credentials.serviceAccountKey}`,
      "--service-cluster-ip-range=10.96.0.0/16",
      "--allow-privileged=true",
      "--profiling=false",
    ],
    ready: { ...health(`https://${host}:${ports.apiserver}/readyz`, credentials), token: credentials.adminToken },
  };
}

export function kubeControllerManager({ host, ports, tools, credentials }: Allocation): ProcessSpec {
  return {
    name: "kube-controller-manager",
    command: tools.kubeControllerManager,
    args: [
      `--kubeconfig=${credentials.kubeconfigs.controllerManager}`,
      ...secureServer(host, ports.controllerManager, credentials),
      "--leader-elect=false",
      "--use-service-account-credentials=true",
      `--service-account-private-key-file=${credentials.serviceAccountKey}`,
      `--root-ca-file=${credentials.clusterAuthority}`,
      // By default a claim seen in the wrong moment stays pending for 15 s.
      "--pvclaimbinder-sync-period=1s",
      // The node life-cycle controller stays on: without it new nodes keep their not-ready taint.
      "--controllers=*,-node-ipam-controller,-node-route-controller,-service-lb-controller,-persistentvolume-attach-detach-controller",
    ],
    ready: health(`https://${host}:${ports.controllerManager}/healthz`, credentials),
  };
}

export function kubeScheduler({ host, ports, tools, credentials }: Allocation): ProcessSpec {
  return {
    name: "kube-scheduler",
    command: tools.kubeScheduler,
    args: [
      `--kubeconfig=${credentials.kubeconfigs.scheduler}`,
      ...secureServer(host, ports.scheduler, credentials),
      "--leader-elect=false",
    ],
    ready: health(`https://${host}:${ports.scheduler}/healthz`, credentials),
  };
}

export function kwok({ host, ports, tools, credentials }: Allocation): ProcessSpec {
  return {
    name: "kwok",
    command: tools.kwok,
    args: [
      `--kubeconfig=${credentials.kubeconfigs.kwok}`,
      `--server-address=${host}:${ports.kwok}`,
      `--manage-nodes-with-label-selector=${simulatedNodes}`,
      `--disregard-status-with-label-selector=${nodeAgentPods}`,
      "--cidr=10.244.0.0/16",
      // How long the machines stand still when kwok is killed: a new kwok waits until the lease of the old one is over.
      "--node-lease-duration-seconds=8",
    ],
    ready: { url: `http://${host}:${ports.kwok}/healthz` },
  };
}

/**
 * The Argo Rollouts controller. Its metrics and health servers listen on all addresses and cannot be told otherwise;
 * with a port that cannot exist they log an error and stay off, and the controller runs on (v1.9.1, controller.go).
 */
export function argoRollouts({ tools, credentials }: Allocation): ProcessSpec {
  return {
    name: "argo-rollouts",
    command: tools.argoRollouts,
    args: [
      `--kubeconfig=${credentials.kubeconfigs.rollouts}`,
      "--leader-elect=false",
      "--metricsPort=-1",
      "--healthzPort=-1",
    ],
    env: { POD_NAMESPACE: "argo-rollouts" },
    ready: { logLine: /Started controller/ },
  };
}

function secureServer(host: string, port: number, { serving }: Allocation["credentials"]): string[] {
  return [
    `--bind-address=${host}`,
    `--secure-port=${port}`,
    `--tls-cert-file=${serving.certificate}`,
    `--tls-private-key-file=${serving.key}`,
    "--profiling=false",
  ];
}

function health(url: string, { clusterAuthority }: Allocation["credentials"]): HttpProbe {
  return { url, tls: { ca: text(clusterAuthority) } };
}

function text(file: string): string {
  return readFileSync(file, "utf8");
}
