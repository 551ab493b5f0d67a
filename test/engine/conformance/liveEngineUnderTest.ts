import type { ResourceEvent } from "../../../engine/engine.ts";
import type { KubernetesClient } from "../../../engine/kubernetes/kubernetesClient.ts";
import { LiveEngine } from "../../../engine/live/liveEngine.ts";
import { recordStack } from "../../../engine/recorder/recorder.ts";
import { type EngineUnderTest, providerOf, type Resources } from "./engineUnderTest.ts";

/** A cluster to run the suite against. */
export interface TestCluster {
  readonly kubeconfig: string;
  readonly client: KubernetesClient;
  readonly namespace: () => string;
  stop(): void | Promise<void>;
}

/** The live engine. Its preview is the recorder's, as in `serin plan`. */
export function liveEngineUnderTest({ kubeconfig, client, namespace, stop }: TestCluster): EngineUnderTest {
  const programOf = (resources: Resources, takeOver: boolean) => () => {
    resources({ provider: providerOf(kubeconfig, takeOver) });
    return {};
  };
  return {
    namespace,
    async up(resources, { stack = "first", takeOver = false } = {}) {
      const events: string[] = [];
      const onResource = ({ action, name }: ResourceEvent) => events.push(`${action} ${name}`);
      await new LiveEngine({ project: "serin", program: programOf(resources, takeOver) }).up([stack], { onResource });
      return events.sort();
    },
    async destroy(stack = "first") {
      await new LiveEngine({ project: "serin", program: () => ({}), kubeconfigs: [kubeconfig] }).destroy([stack]);
    },
    async preview(resources) {
      await recordStack("first", { project: "serin", program: programOf(resources, false) });
    },
    send: (request) => client.send(request),
    stop: async () => stop(),
  };
}
