/** What became of one resource. */
export type ResourceAction =
  | "created"
  | "updated"
  | "unchanged"
  | "replaced"
  | "deleted"
  /** No longer of the stack, but left in the cluster. */
  | "retained"
  /** A resource of a cloud, which the live engine only pretends to make. */
  | "simulated"
  /** Not the stack's own. */
  | "read";

export interface ResourceEvent {
  readonly stack: string;
  readonly action: ResourceAction;
  readonly type: string;
  /** Name in the program; of what was removed, the name in the cluster. */
  readonly name: string;
  /** Absent for what no resource of the program stands for any longer. */
  readonly urn?: string;
  /** The Kubernetes object, for a person: `ConfigMap models/settings`. */
  readonly object?: string;
}

export interface EngineEvents {
  readonly onStack?: (stack: string, state: "started" | "done" | "failed") => void;
  readonly onResource?: (event: ResourceEvent) => void;
  readonly onLog?: (severity: "info" | "warning" | "error", message: string) => void;
}

/** Configuration of one stack: full keys (`serin:kubeconfig`) → values, and which of the values are secret. */
export interface StackConfig {
  readonly config?: Readonly<Record<string, string>>;
  readonly secretKeys?: readonly string[];
}

export interface StackResult {
  readonly stack: string;
  /** Plain values, secrets unwrapped: for use inside the process, never to be shown as they are. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Names of outputs that are or hold a secret. */
  readonly secretOutputs: readonly string[];
  /** How many resources came out how. */
  readonly changes: Readonly<Partial<Record<ResourceAction, number>>>;
}

/** Deploys stacks: the Pulumi engine, or its stand-in for one machine. */
export interface Engine {
  /**
   * Deploys stacks in the order given; a later one may read the outputs of an earlier. Stops at the first that fails.
   *
   * @throws ProblemError for everything a person can put right.
   */
  up(stacks: readonly string[], events?: EngineEvents): Promise<StackResult[]>;
  /**
   * Looks whether something that is deployed is protected, so that a removal would be refused when half of it is done.
   * Absent: nothing that the engine deploys can be protected.
   *
   * @throws ProblemError with every stack that holds something protected; then nothing was changed.
   */
  refuseProtected?(stacks: readonly string[]): Promise<void>;
  /** Removes what stacks have deployed, from the last to the first. */
  destroy(stacks: readonly string[], events?: EngineEvents): Promise<void>;
}
