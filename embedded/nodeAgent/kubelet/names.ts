/** The only client that the node agent answers as a kubelet does, by the common name of its certificate. */
export const apiServerName = "kube-apiserver";

/** The Service that the API server passes requests for `metrics.k8s.io` on to. */
export const metricsService = { namespace: "kube-system", name: "serin-metrics" } as const;

/** The name by which the API server knows its certificate. */
export const metricsServer = `${metricsService.name}.${metricsService.namespace}.svc`;
