import { readFileSync } from "node:fs";
import { environmentFiles } from "../machine/paths.ts";
import type { HttpProbe, ProcessSpec } from "../process/processSpec.ts";
import type { Allocation } from "./allocation.ts";

/** The label selector of the pods that the node agent runs. kwok does not write their status. */
const nodeAgentPods = "serin.dev/server=triton";

/** The label selector of the nodes whose leases and status kwok maintains. */
const simulatedNodes = "serin.dev/simulated=true";

/** etcd with one member. Clients and peers need a certificate of its authority. */
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

/** kube-apiserver with RBAC and without anonymous access. */
export function kubeApiserver({ host, ports, tools, credentials }: Allocation): ProcessSpec {
  return {
    name: "kube-apiserver",
    command: tools.kubeApiserver,
    args: [
      `--bind-address=${host}`,
      `--secure-port=${ports.apiserver}`,
      // kube-apiserver refuses a loopback address here. No client uses this documentation address (RFC 5737).
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
      // Logs, programs and ports of pods, which the node agent answers for every node.
      `--kubelet-certificate-authority=${credentials.kubeletAuthority}`,
      `--kubelet-client-certificate=${credentials.kubeletClient.certificate}`,
      `--kubelet-client-key=${credentials.kubeletClient.key}`,
      "--kubelet-preferred-address-types=InternalIP",
      // metrics.k8s.io, which it answers too.
      `--proxy-client-cert-file=${credentials.kubeletClient.certificate}`,
      `--proxy-client-key-file=${credentials.kubeletClient.key}`,
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

/** kube-controller-manager without the controllers that manage a cloud's routes, load balancers and disks. */
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
      // With the default of 15 s, a PersistentVolumeClaim that is read before its volume exists stays Pending that
      // long.
      "--pvclaimbinder-sync-period=1s",
      // The node lifecycle controller stays on: without it new nodes keep their not-ready taint.
      "--controllers=*,-node-ipam-controller,-node-route-controller,-service-lb-controller,-persistentvolume-attach-detach-controller",
    ],
    ready: health(`https://${host}:${ports.controllerManager}/healthz`, credentials),
  };
}

/** kube-scheduler with its default profile. */
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

/** kwok, which keeps the simulated nodes Ready and simulates every pod that the node agent does not run. */
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
      // A restarted kwok waits until the leases of the killed one have expired. Until then it does not update the
      // nodes.
      "--node-lease-duration-seconds=8",
    ],
    ready: { url: `http://${host}:${ports.kwok}/healthz` },
  };
}

/**
 * The Argo Rollouts controller. Its metrics and health servers always listen on all addresses. With an invalid port
 * they log an error and stay off, and the controller runs without them (v1.9.1, controller.go).
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
