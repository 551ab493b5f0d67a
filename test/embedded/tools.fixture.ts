import type { Tools } from "../../embedded/toolchain/index.ts";

/** Names of tools without programs, for tests that start none. */
export const tools: Tools = {
  etcd: "/tools/etcd",
  kubeApiserver: "/tools/kube-apiserver",
  kubeControllerManager: "/tools/kube-controller-manager",
  kubeScheduler: "/tools/kube-scheduler",
  kwok: "/tools/kwok",
  argoRollouts: "/tools/rollouts-controller",
  istiod: "/tools/pilot-discovery",
  envoy: "/tools/envoy",
  prometheus: "/tools/prometheus",
  helm: "/tools/helm",
  triton: {
    bin: "/tools/tritonserver",
    backends: "/tools/backends",
    libraryPath: "/tools/lib",
    python: "/tools/python3",
    env: { LD_LIBRARY_PATH: "/tools/lib", PATH: "/tools", SERIN_ONNXRUNTIME: "/tools/onnxruntime" },
  },
  crds: { argoRollouts: [], istio: [], prometheusOperator: [] },
};
