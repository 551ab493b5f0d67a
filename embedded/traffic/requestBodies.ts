import { normal } from "./arrivals.ts";

/** One input of a model, as `/v2/models/<model>` describes it: `-1` in the shape is a free dimension. */
export interface ModelInput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** Features sent where the model leaves their number open. */
const freeFeatures = 8;

/** As many different bodies as keep the whole set small; enough that their mean score is the distribution's. */
const mostBodies = 2_048;
const mostElements = 2_000_000;

/**
 * Inference requests with one item each, as the KServe v2 protocol writes them.
 *
 * Numbers are standard normal, whole numbers lie in 0 to 9, text is a word.
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

/** The first free dimension is the batch; any other is a number of features. */
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
