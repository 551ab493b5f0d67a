import type { V1Pod } from "@kubernetes/client-node";
import type { PodEndpoint } from "../../../embedded/nodeAgent/podEndpoint.ts";

/** A Triton pod as the model component creates it, with changes. */
export function tritonPod(name: string, change: Partial<V1Pod["metadata"]> & { readonly args?: string[] } = {}): V1Pod {
  const { args, ...metadata } = change;
  return {
    metadata: {
      name,
      namespace: "models",
      uid: `uid-of-${name}`,
      ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "fraud-abc", uid: "r", controller: true }],
      ...metadata,
      labels: { app: "fraud", version: "1", "rollouts-pod-template-hash": "abc", ...metadata.labels },
    },
    spec: {
      nodeName: "cpu-1",
      containers: [
        {
          name: "triton",
          image: "nvcr.io/nvidia/tritonserver@sha256:abc",
          args: args ?? [
            "tritonserver",
            "--model-repository=/models/fraud/1",
            "--http-port=8000",
            "--grpc-port=8001",
            "--metrics-port=8002",
            "--log-info=true",
          ],
          ports: [
            { name: "http", containerPort: 8000 },
            { name: "grpc", containerPort: 8001 },
            { name: "metrics", containerPort: 8002 },
          ],
          volumeMounts: [
            { name: "models", mountPath: "/models", readOnly: true },
            { name: "tmp", mountPath: "/tmp" },
          ],
        },
      ],
      volumes: [
        { name: "models", persistentVolumeClaim: { claimName: "model-store", readOnly: true } },
        { name: "tmp", emptyDir: {} },
      ],
    },
  };
}

/** The endpoint of such a pod. */
export function endpointOf(pod: V1Pod, address = "127.9.1.1"): PodEndpoint {
  return {
    pod,
    namespace: pod.metadata?.namespace ?? "",
    name: pod.metadata?.name ?? "",
    address,
    ports: { http: 8000, grpc: 8001, metrics: 8002 },
    inner: { http: 18_000, grpc: 18_001, metrics: 8002 },
    namedPorts: { http: 8000, grpc: 8001, metrics: 8002 },
    edges: [5, 150],
  };
}
