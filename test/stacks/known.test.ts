import { expect, it } from "vitest";
import { layers } from "../../components/core/stackName.ts";
import type { RecordedProperties, RecordedResource } from "../../engine/recordedResource.ts";
import type { ResourceMonitor, ResourceState } from "../../engine/resourceMonitor.ts";
import { runProgram } from "../../engine/runProgram.ts";
import { environments } from "../../stacks/environments/index.ts";
import program from "../../stacks/index.ts";
import * as aks from "../components/cluster/aks/sample.ts";
import * as eks from "../components/cluster/eks/sample.ts";
import * as gke from "../components/cluster/gke/sample.ts";
import type { Answers } from "../components/cluster/harness.ts";
import { record } from "./record.ts";

const clouds: readonly Answers[] = [eks.answers, aks.answers, gke.answers];

/** Answers like clouds and a cluster where everything exists: every output is known. */
class Known implements ResourceMonitor {
  readonly urns: string[] = [];

  register({ urn, type, name, props, custom }: RecordedResource): Promise<ResourceState> {
    this.urns.push(urn);
    const computed = clouds.map(({ outputs }) => outputs?.[type]?.(props, name));
    return Promise.resolve({
      outputs: Object.assign({}, props, ...computed),
      ...(custom ? { id: `id-of-${urn}` } : {}),
    });
  }

  read({ id, type }: { id: string; type: string }): Promise<ResourceState> {
    const [first, second] = id.split("/");
    const metadata = { name: second ?? first ?? "", labels: { "istio-injection": "enabled" }, uid: "1" };
    const open = { openAPIV3Schema: { "x-kubernetes-preserve-unknown-fields": true } };
    const versions = ["v1", "v1alpha1", "v1alpha3"].map((name) => ({ name, served: true, schema: open }));
    const data = {
      gatewayAddress: "127.0.0.1:8080",
      gatewayBind: "127.0.0.1",
      gatewayPort: "8080",
      prometheusAddress: "http://127.0.0.1:9090",
    };
    return Promise.resolve({
      id,
      outputs: type.endsWith("ConfigMap") ? { metadata, data } : { metadata, spec: { versions } },
    });
  }

  invoke(token: string): Promise<RecordedProperties> {
    const answer = clouds.map(({ functions }) => functions?.[token]).find((one) => one !== undefined);
    return answer === undefined ? Promise.reject(new Error(`nobody answers ${token}`)) : Promise.resolve(answer);
  }
}

const configuration = {
  ...Object.fromEntries(
    ["localKubeconfig", "dcLabKubeconfig", "dcFraKubeconfig", "dcFraStoreKeyId", "dcFraStoreKey"].map((key) => [
      `serin:${key}`,
      "123456789012",
    ]),
  ),
  "serin:awsAccount": "123456789012",
  "serin:azureSubscription": "6f2c1f3e-7c3a-4b55-9d0e-2f6f3d9f1a01",
  "serin:azureTenant": "6f2c1f3e-7c3a-4b55-9d0e-2f6f3d9f1a02",
  "serin:gcpProject": "shop-1",
  "serin:gcpProjectNumber": "123456789012",
  "serin:azureUploadCidrs": "203.0.113.7",
};

it.each(Object.keys(environments))(
  "%s declares the same resources in a preview of nothing as on a cluster where all is known",
  async (environment) => {
    const previewed = (await record(environment)).flatMap((stack) => stack.resources.map(({ urn }) => urn));
    const outputs = new Map<string, RecordedProperties>();
    const deployed: string[] = [];
    for (const layer of layers) {
      const stack = `${environment}-${layer}`;
      const monitor = new Known();
      outputs.set(
        stack,
        await runProgram(program, {
          project: "serin",
          stack,
          config: configuration,
          secretKeys: Object.keys(configuration),
          monitor,
          preview: false,
          stackOutputs: (name) => outputs.get(name),
        }),
      );
      deployed.push(...monitor.urns);
    }
    expect(deployed.sort()).toEqual(previewed.sort());
  },
);
