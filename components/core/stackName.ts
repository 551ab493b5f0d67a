/** The layers of an environment, in the order they are brought up; they are taken down in reverse. */
export const layers = ["cluster", "platform", "models"] as const;

/** A layer of an environment. */
export type Layer = (typeof layers)[number];

/** What the name of a stack says: `prod-platform-aws-use1`. */
export interface StackNameParts {
  /** The environment's name. */
  readonly environment: string;
  /** What of the environment the stack holds. */
  readonly layer: Layer;
  /** The cluster that the stack is narrowed to. Absent: it has all clusters. */
  readonly cluster?: string;
}

const grammar = new RegExp(`^(?<environment>.+?)-(?<layer>${layers.join("|")})(?:-(?<cluster>.+))?$`);

/**
 * The parts of `<environment>-<layer>` or `<environment>-<layer>-<cluster>`, for the program and the policies alike.
 * Undefined for a name of another form. No environment's name has a part that is a layer, so the first layer word ends
 * the environment's name.
 */
export function stackNameParts(name: string): StackNameParts | undefined {
  const { environment, layer, cluster } = grammar.exec(name)?.groups ?? {};
  if (environment === undefined || layer === undefined) return undefined;
  return { environment, layer: layer as Layer, ...(cluster === undefined ? {} : { cluster }) };
}

/** The layer word in an environment's name, if there is one: stacks of such an environment could not be told apart. */
export function layerWordIn(environment: string): Layer | undefined {
  return layers.find((layer) => environment.split("-").includes(layer));
}
