import { normal } from "../../components/core/random.ts";

/** One input of a model, as the model metadata at `/v2/models/<model>` describes it (KServe v2 protocol). */
export interface ModelInput {
  /** The name of the input tensor. */
  readonly name: string;
  /** Triton's name of the data type: `FP32`, `INT64`, `BYTES`. */
  readonly datatype: string;
  /** The sizes of the dimensions. -1 stands for a dimension of any size. */
  readonly shape: readonly number[];
}

/** The size of a dimension that the model leaves open, other than the batch. */
const freeFeatures = 8;

/** The most different bodies: few enough for memory, and enough that their mean score is that of the distribution. */
const mostBodies = 2_048;
const mostElements = 2_000_000;

/**
 * JSON bodies of inference requests with a batch of one (KServe v2 protocol). At least 1 and at most 2048; fewer for
 * large inputs.
 *
 * Floating-point values are standard normal, integers lie in 0 to 9, a `BYTES` element is the text "word".
 */
export function requestBodies(inputs: readonly ModelInput[], random: () => number): string[] {
  const shaped = inputs.map((input) => ({ ...input, shape: concreteShape(input.shape) }));
  const elements = shaped.reduce((sum, input) => sum + elementCount(input.shape), 0);
  const count = Math.max(1, Math.min(mostBodies, Math.floor(mostElements / Math.max(1, elements))));
  return Array.from({ length: count }, () =>
    JSON.stringify({
      inputs: shaped.map(({ name, datatype, shape }) => ({
        name,
        datatype,
        shape,
        data: Array.from({ length: elementCount(shape) }, () => element(datatype, random)),
      })),
    }),
  );
}

/** An open first dimension of several is the batch and gets 1; any other open dimension gets `freeFeatures`. */
function concreteShape(shape: readonly number[]): number[] {
  return shape.map((size, index) => (size >= 0 ? size : index === 0 && shape.length > 1 ? 1 : freeFeatures));
}

function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function element(datatype: string, random: () => number): number | string | boolean {
  if (datatype.startsWith("FP") || datatype === "BF16") return Number(normal(random).toFixed(4));
  if (datatype === "BOOL") return random() < 0.5;
  if (datatype === "BYTES") return "word";
  return Math.floor(random() * 10);
}
