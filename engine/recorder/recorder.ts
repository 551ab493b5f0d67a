import { ProblemError } from "../../components/core/problem.ts";
import type { RecordedProperties, RecordedResource, RecordedValue } from "../recordedResource.ts";
import type { Reading, ResourceMonitor, ResourceState } from "../resourceMonitor.ts";
import { type ProgramOptions, runProgram, type StackProgram } from "../runProgram.ts";
import { unknownSentinel, withoutTraces } from "../sdkInternals.ts";

/** What one stack would register. */
export interface RecordedStack {
  /** `<environment>-<layer>`. */
  readonly stack: string;
  /** In the order of registration, the stack itself first. */
  readonly resources: readonly RecordedResource[];
  /** As the stack publishes them, with secrets and unknowns marked. */
  readonly outputs: RecordedProperties;
  /** Full keys of required configuration that is not set and was assumed, sorted. */
  readonly missingConfig: readonly string[];
}

/** Configuration that is not set is assumed and named in `missingConfig`. */
export type RecordOptions = Pick<
  ProgramOptions,
  "project" | "config" | "secretKeys" | "stackOutputs" | "onLog" | "signal"
> & { readonly program: StackProgram };

/**
 * Records one stack. Recording changes nothing, so what fails in a way that only a stack trace explains is simply done
 * again with traces.
 *
 * @throws ProblemError as `runProgram` does.
 */
export async function recordStack(stack: string, options: RecordOptions): Promise<RecordedStack> {
  try {
    return await withoutTraces(() => recordOnce(stack, options));
  } catch (error) {
    if (error instanceof ProblemError || options.signal?.aborted === true) throw error;
  }
  return recordOnce(stack, options);
}

async function recordOnce(stack: string, { program, ...options }: RecordOptions): Promise<RecordedStack> {
  const recorder = new Recorder();
  const missing = new Set<string>();
  const outputs = await runProgram(program, {
    ...options,
    stack,
    monitor: recorder,
    preview: true,
    assumptions: {
      missingConfig: (key) => {
        missing.add(key);
        return true;
      },
    },
  });
  return { stack, resources: recorder.resources, outputs, missingConfig: [...missing].sort() };
}

/** Keeps registrations as they are and answers like the engine in a preview where nothing exists yet. */
export class Recorder implements ResourceMonitor {
  readonly #resources: RecordedResource[] = [];

  /** The resources in the order of registration. */
  get resources(): readonly RecordedResource[] {
    return this.#resources;
  }

  /** Keeps a resource. Its inputs are its outputs. */
  register(resource: RecordedResource): Promise<ResourceState> {
    this.#resources.push(resource);
    return Promise.resolve({ outputs: resource.custom ? previewOutputs(resource) : {} });
  }

  /** Answers that nothing is known of what is read. */
  read(_reading: Reading): Promise<ResourceState> {
    return Promise.resolve({ outputs: {} });
  }

  /** @throws ProblemError always: a recording asks no provider. */
  invoke(token: string): Promise<RecordedProperties> {
    return Promise.reject(
      new ProblemError("The program cannot be planned without a provider", [
        {
          path: token,
          reason: "this function asks a cloud while the program runs.",
          fix: "Take the value from the environment's declaration or from an output of a resource.",
        },
      ]),
    );
  }
}

/**
 * Inputs are known as outputs. What an API server adds to the metadata is unknown, and so is a name that is left to the
 * provider.
 */
function previewOutputs({ type, props }: RecordedResource): RecordedProperties {
  const metadata: RecordedValue = props.metadata ?? {};
  if (!type.startsWith("kubernetes:") || typeof metadata !== "object" || metadata === null) return props;
  return { ...props, metadata: { ...unknownMetadata, ...metadata } };
}

const unknownMetadata = {
  name: unknownSentinel,
  uid: unknownSentinel,
  resourceVersion: unknownSentinel,
  generation: unknownSentinel,
  creationTimestamp: unknownSentinel,
};
