import type { Instruction } from "../components/cluster/cloudAdapter.ts";
import type { Exemption } from "../components/core/exemption.ts";
import type { EnvironmentCost } from "./cost/cost.ts";
import type { CostChange } from "./cost/costChange.ts";
import type { PolicyResult } from "./policies/policyResult.ts";

/** One resource of a plan, ready to be shown: words stand for secrets and unknown values. */
export interface PlannedResource {
  /** The URN that the engine would give it. */
  readonly urn: string;
  /** Its Pulumi type token. */
  readonly type: string;
  /** Its name in the program. */
  readonly name: string;
  /** The URN of its parent. Absent: the stack itself. */
  readonly parent?: string;
  /** Its inputs as plain data. */
  readonly inputs: unknown;
}

/** A difference between two plans. */
export interface Change {
  /** A resource that is renamed is deleted and created. */
  readonly kind: "create" | "update" | "delete";
  /** The resource as the later plan has it; of a deleted one, as the earlier plan had it. */
  readonly resource: PlannedResource;
  /** Inputs that differ, by path. Empty, except for an update. */
  readonly inputs: readonly InputChange[];
}

/** One input that differs between two plans. */
export interface InputChange {
  /** The path inside the inputs: `spec.replicas`. */
  readonly path: string;
  /** The value in the earlier plan. Absent: it had none. */
  readonly before?: unknown;
  /** The value in the later plan. Absent: it has none. */
  readonly after?: unknown;
}

/** One stack of a plan, as `serin plan --json` prints it. */
export interface StackDocument {
  /** The stack's name. */
  readonly stack: string;
  /** Configuration keys that the stack requires; the plan assumes values for them. */
  readonly missingConfig: readonly string[];
  /** What the policies say of the stack. */
  readonly policies: PolicyResult;
  /** The stack's resources, cluster by cluster, in the order of registration. */
  readonly resources: readonly PlannedResource[];
}

/** How a change of a model's version would be released. */
export interface PlannedRelease {
  /** The model's name. */
  readonly model: string;
  /** The version that is declared. */
  readonly version: string;
  /** What happens when the version changes, in one sentence. */
  readonly release: string;
  /**
   * The longest that a healthy version takes on any cluster at the trough of the traffic, 95 times in 100, in seconds.
   * @default the strategy does not say
   */
  readonly longestSeconds?: number;
}

/** What became of an exemption that the environment declares. */
export interface ExemptionUse extends Exemption {
  /**
   * `used`: a finding falls under it. `unused`: none does, and it can be removed. `expired`: its last day is over,
   * which stops a deployment.
   */
  readonly use: "used" | "unused" | "expired";
}

/** One step of bringing an environment up for the first time. */
export interface PlannedStep {
  /** What is done, in a few words. */
  readonly step: string;
  /** Who does it: `serin`, by the step's command, or a person, in an account, a network or a zone. */
  readonly by: "serin" | "person";
  /** What to know and what to run, in this order. A command is one line of shell with names in angle brackets. */
  readonly parts: readonly Instruction[];
}

/** A plan as `serin plan --json` prints it. */
export interface PlanDocument {
  /** The environment's name. */
  readonly environment: string;
  /** One for each layer. */
  readonly stacks: readonly StackDocument[];
  /** One for each model. */
  readonly releases: readonly PlannedRelease[];
  /** What became of each exemption that the environment declares, in its order. */
  readonly exemptions: readonly ExemptionUse[];
  /** What the clouds bill a month. Absent in plans that earlier versions wrote. */
  readonly cost?: EnvironmentCost;
  /** What it costs more or less than the plan that `--against` names. Absent without `--against`. */
  readonly costChange?: CostChange;
  /** The steps of the first day, in their order; none for what needs one command. Absent with `--against`. */
  readonly firstDay?: readonly PlannedStep[];
  /** Differences from the plan that `--against` names. Absent without `--against`. */
  readonly changes?: readonly Change[];
}
