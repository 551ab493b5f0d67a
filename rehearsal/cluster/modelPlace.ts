import type { Model } from "../../components/model/model.ts";
import { modelHost } from "../../components/model/traffic.ts";
import type { DeclaredModel } from "../../diagnosis/evidence.ts";
import type { Place } from "../../diagnosis/gather/startEvidence.ts";
import type { KubernetesClient } from "../../engine/kubernetes/kubernetesClient.ts";
import { modelNamespace } from "../../stacks/declared.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import type { ClusterOptions, LocalCluster } from "../local/localCluster.ts";

/** What the rules of a diagnosis need to know of a declared model. */
export function diagnosed(environment: Environment, name: string, { version, server, traffic }: Model): DeclaredModel {
  return {
    name,
    namespace: modelNamespace(environment),
    version,
    host: modelHost(name, environment.domain),
    backend: server.backend,
    gpus: server.gpu?.count ?? 0,
    memory: server.memory,
    sharedMemory: server.sharedMemory,
    startup: server.startup,
    jwt: traffic.jwt !== undefined,
  };
}

/** Where a diagnosis of the model looks. `options` are those by which a person named the cluster. */
export function modelPlace(
  model: DeclaredModel,
  client: KubernetesClient,
  { embedded }: { readonly embedded?: LocalCluster["embedded"] | undefined },
  { options = {}, signal }: { readonly options?: ClusterOptions; readonly signal?: AbortSignal } = {},
): Place {
  const { kubeconfig = embedded?.kubeconfigPath, context } = options;
  return {
    client,
    model,
    kubectl: [
      "kubectl",
      ...(kubeconfig === undefined ? [] : [`--kubeconfig ${kubeconfig}`]),
      ...(context === undefined ? [] : [`--context ${context}`]),
    ].join(" "),
    embedded: embedded !== undefined,
    ...(signal === undefined ? {} : { signal }),
  };
}
