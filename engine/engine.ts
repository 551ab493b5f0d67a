/** What became of one resource. */
export type ResourceAction =
  | "created"
  | "updated"
  | "unchanged"
  | "replaced"
  | "deleted"
  /** No longer in the stack, and kept in the cluster. */
  | "retained"
  /** A resource of a cloud, which the live engine does not make. */
  | "simulated"
  /** A resource that the program only reads. */
  | "read";

/** The report about one resource. */
export interface ResourceEvent {
  /** The stack's name. */
  readonly stack: string;
  /** What became of the resource. */
  readonly action: ResourceAction;
  /** Its type token. */
  readonly type: string;
  /** Its name in the program; for a removed one its name in the cluster. */
  readonly name: string;
  /** Its URN. Absent for an object that no resource of the program stands for any more. */
  readonly urn?: string;
  /** The Kubernetes object, for people: `ConfigMap models/settings`. */
  readonly object?: string;
}

/** What an engine reports while it works. */
export interface EngineEvents {
  /** Called when the work on a stack starts and ends. */
  readonly onStack?: (stack: string, state: "started" | "done" | "failed") => void;
  /** Called for each resource. */
  readonly onResource?: (event: ResourceEvent) => void;
  /** Called for each message of the engine or of the program. */
  readonly onLog?: (severity: "info" | "warning" | "error", message: string) => void;
}

/** The configuration of one stack. */
export interface StackConfig {
  /** Full keys (`serin:kubeconfig`) → values. @default none */
  readonly config?: Readonly<Record<string, string>>;
  /** Full keys of `config` whose values are secret. @default none */
  readonly secretKeys?: readonly string[];
}

/** What the deployment of a stack came to. */
export interface StackResult {
  /** The stack's name. */
  readonly stack: string;
  /** Its outputs as plain values, secrets unwrapped. Use them inside the process, and never print them. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Names of outputs that are a secret or contain one. */
  readonly secretOutputs: readonly string[];
  /** The number of resources by what became of them. */
  readonly changes: Readonly<Partial<Record<ResourceAction, number>>>;
}

/** Deploys stacks: the Pulumi engine, or the live engine, which replaces it on one machine. */
export interface Engine {
  /**
   * Deploys stacks in the order given; a later one may read the outputs of an earlier. Stops at the first that fails.
   *
   * @throws ProblemError for everything a person can put right.
   */
  up(stacks: readonly string[], events?: EngineEvents): Promise<StackResult[]>;
  /**
   * Refuses a removal that would stop half-way, because something that is deployed is protected. Absent: nothing that
   * the engine deploys can be protected.
   *
   * @throws ProblemError with every stack that holds something protected; then nothing was changed.
   */
  refuseProtected?(stacks: readonly string[]): Promise<void>;
  /** The names of stacks that hold resources. Absent: the engine keeps no list of stacks. */
  holding?(): Promise<string[]>;
  /** Removes what stacks have deployed, from the last to the first. */
  destroy(stacks: readonly string[], events?: EngineEvents): Promise<void>;
}
