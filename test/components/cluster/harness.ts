import type { RecordedProperties, RecordedResource } from "../../../engine/recordedResource.ts";
import { Recorder } from "../../../engine/recorder/recorder.ts";
import type { Reading, ResourceState } from "../../../engine/resourceMonitor.ts";
import { runProgram } from "../../../engine/runProgram.ts";
import { withoutTraces } from "../../../engine/sdkInternals.ts";
import { shown } from "../../../plan/shownValues.ts";

/** What a provider would answer: outputs of a resource by type, results of functions by token. */
export interface Answers {
  readonly outputs?: Readonly<Record<string, (inputs: RecordedProperties, name: string) => RecordedProperties>>;
  readonly functions?: Readonly<Record<string, RecordedProperties>>;
}

/** Every output is known, as in an `up` of what exists already. */
class KnownRecorder extends Recorder {
  readonly #answers: Answers;

  constructor(answers: Answers) {
    super();
    this.#answers = answers;
  }

  override async register(resource: RecordedResource): Promise<ResourceState> {
    await super.register(resource);
    const { type, name, props, custom } = resource;
    if (!custom) return { outputs: {} };
    return { id: `${name}-id`, outputs: { ...props, ...this.#answers.outputs?.[type]?.(props, name) } };
  }

  override read(reading: Reading): Promise<ResourceState> {
    return Promise.resolve({ id: reading.id, outputs: { metadata: { name: reading.id, uid: "1" } } });
  }

  override invoke(token: string): Promise<RecordedProperties> {
    const answer = this.#answers.functions?.[token];
    return answer === undefined ? super.invoke(token) : Promise.resolve(answer);
  }
}

/** What one run of a component registered, and what `build` returned, as a stack's outputs. */
export interface Recorded {
  readonly resources: readonly RecordedResource[];
  readonly outputs: RecordedProperties;
}

/**
 * Runs components as a stack's program. Without `answers` as a preview in which nothing exists: what a provider computes is unknown.
 *
 * @throws ProblemError with what the components reject.
 */
export async function recorded(build: () => Record<string, unknown> | undefined, answers?: Answers): Promise<Recorded> {
  const monitor = answers === undefined ? new Recorder() : new KnownRecorder(answers);
  const outputs = await withoutTraces(() =>
    runProgram(() => build() ?? {}, {
      project: "serin",
      stack: "test-cluster",
      monitor,
      preview: answers === undefined,
    }),
  );
  return { resources: monitor.resources, outputs };
}

/** The inputs of the one resource of a type whose name ends so, ready to compare: secrets and unknowns are words. */
export function inputsOf({ resources }: Recorded, type: string, nameEnds = ""): Record<string, unknown> {
  const found = resources.filter((resource) => resource.type === type && resource.name.endsWith(nameEnds));
  if (found.length !== 1 || found[0] === undefined) {
    throw new Error(
      `${found.length} resources ${type} *${nameEnds}, of ${resources.map(({ name }) => name).join(", ")}`,
    );
  }
  return shown(found[0].props) as Record<string, unknown>;
}

/**
 * Everything a resource needs, directly or through others, as the engine counts it: what it depends on, its parent, its provider
 * (pulumi/pulumi `pkg/resource/graph/dependency_graph.go`). It is deleted before any of them.
 */
export function dependenciesOf(urn: string, resources: readonly RecordedResource[]): Set<string> {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const found = new Set<string>();
  const visit = (next: string) => {
    const resource = byUrn.get(next);
    if (resource === undefined) return;
    for (const needed of [...resource.dependencies, resource.parent, resource.provider?.urn]) {
      if (needed === undefined || found.has(needed)) continue;
      found.add(needed);
      visit(needed);
    }
  };
  visit(urn);
  return found;
}
