import { type RecordedStack, type RecordOptions, recordStack } from "../engine/recorder/recorder.ts";

type Options = Omit<RecordOptions, "config" | "secretKeys" | "stackOutputs"> & {
  /** Configuration of a stack. @default none */
  readonly config?: (stack: string) => Pick<RecordOptions, "config" | "secretKeys">;
};

/**
 * Records what the layers of an environment would deploy, all clusters in one stack as `pulumi up` has them, each reading the outputs of
 * those before it.
 */
export async function recordEnvironment(
  environment: string,
  layers: readonly string[],
  { config, ...options }: Options,
): Promise<RecordedStack[]> {
  const recorded: RecordedStack[] = [];
  const stackOutputs = (name: string) => recorded.find(({ stack }) => stack === name)?.outputs;
  for (const layer of layers) {
    const stack = `${environment}-${layer}`;
    recorded.push(await recordStack(stack, { ...options, ...config?.(stack), stackOutputs }));
  }
  return recorded;
}
