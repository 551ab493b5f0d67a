import type { Engine, EngineEvents, ResourceAction, ResourceEvent, StackConfig, StackResult } from "../engine.ts";
import { ClusterObjects } from "../kubernetes/clusterObjects.ts";
import { KubernetesClient } from "../kubernetes/kubernetesClient.ts";
import type { RecordedProperties } from "../recordedResource.ts";
import { runProgram, type StackProgram } from "../runProgram.ts";
import { plainProperties, secretOutputNames } from "../wireValues.ts";
import { ApplySet } from "./applySet.ts";
import { LiveMonitor, removalEvent, type TransformResource } from "./liveMonitor.ts";

/** What a live engine works with. */
export interface LiveEngineOptions {
  /** The Pulumi project. */
  readonly project: string;
  /** The program of all its stacks. */
  readonly program: StackProgram;
  /** The configuration of each stack. @default none */
  readonly config?: (stack: string) => StackConfig;
  /**
   * Clusters that `destroy` empties: contents or paths of kubeconfigs. `up` takes them from the program.
   * @default none
   */
  readonly kubeconfigs?: readonly string[];
  /** Path of helm 3. @default none: a chart is an error */
  readonly helm?: string;
  /** Changes the inputs of resources. @default they stay as they are */
  readonly transformResource?: TransformResource;
  /** Ends the work with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Deploys to Kubernetes without the Pulumi CLI: a stand-in for one machine, never for production. It keeps no state of
 * its own; what a stack owns is recorded in the cluster, and outputs live as long as this object.
 */
export class LiveEngine implements Engine {
  readonly #options: LiveEngineOptions;
  readonly #outputs = new Map<string, RecordedProperties>();

  constructor(options: LiveEngineOptions) {
    this.#options = options;
  }

  /** Applies the objects of stacks to their clusters, and removes those that a stack no longer has. */
  async up(stacks: readonly string[], events: EngineEvents = {}): Promise<StackResult[]> {
    const results: StackResult[] = [];
    for (const stack of stacks) {
      events.onStack?.(stack, "started");
      try {
        results.push(await this.#up(stack, events));
      } catch (error) {
        events.onStack?.(stack, "failed");
        throw error;
      }
      events.onStack?.(stack, "done");
    }
    return results;
  }

  /** Removes the objects of stacks from the clusters of `kubeconfigs`. */
  async destroy(stacks: readonly string[], events: EngineEvents = {}): Promise<void> {
    for (const stack of stacks.toReversed()) {
      events.onStack?.(stack, "started");
      for (const kubeconfig of this.#options.kubeconfigs ?? []) {
        const set = new ApplySet(new ClusterObjects(new KubernetesClient(kubeconfig)), stack);
        for (const removed of await set.destroy()) events.onResource?.(removalEvent(stack, removed));
      }
      this.#outputs.delete(stack);
      events.onStack?.(stack, "done");
    }
  }

  async #up(stack: string, events: EngineEvents): Promise<StackResult> {
    const { project, program, config, helm, transformResource, signal } = this.#options;
    const changes: Partial<Record<ResourceAction, number>> = {};
    const monitor = new LiveMonitor({
      stack,
      onResource: (event: ResourceEvent) => {
        changes[event.action] = (changes[event.action] ?? 0) + 1;
        events.onResource?.(event);
      },
      onWarning: (message) => events.onLog?.("warning", message),
      ...(helm === undefined ? {} : { helm }),
      ...(transformResource === undefined ? {} : { transformResource }),
    });
    const outputs = await runProgram(program, {
      project,
      stack,
      ...config?.(stack),
      monitor,
      preview: false,
      stackOutputs: (name) => this.#outputs.get(name),
      ...(events.onLog === undefined ? {} : { onLog: events.onLog }),
      ...(signal === undefined ? {} : { signal }),
    });
    await monitor.prune();
    this.#outputs.set(stack, outputs);
    return { stack, outputs: plainProperties(outputs), secretOutputs: secretOutputNames(outputs), changes };
  }
}
