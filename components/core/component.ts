import * as pulumi from "@pulumi/pulumi";
import { describeProblems, type Problem } from "./problem.ts";

/**
 * What every component of ours does the same way: its type token, its children's names, its refusal of bad arguments.
 */
export abstract class Component extends pulumi.ComponentResource {
  readonly #kind: string;
  readonly #label: string;

  /**
   * `kind` is `<folder>:<Class>`; the type token becomes `serin:<folder>:<Class>`.
   * `summary` is what policies and previews see of the arguments: small, plain, never a secret.
   */
  protected constructor(
    kind: string,
    name: string,
    summary: pulumi.Inputs,
    opts: pulumi.ComponentResourceOptions | undefined,
  ) {
    super(`serin:${kind}`, name, summary, opts);
    this.#kind = kind;
    this.#label = name;
  }

  /** A child's name: the component's own name, then what the child is for. Never a position. */
  protected childName(role: string): string {
    return `${this.#label}-${role}`;
  }

  /** Reports every problem at once, attributed to this resource, without a stack trace. */
  protected reject(problems: readonly Problem[]): void {
    if (problems.length === 0) return;
    const subject = `${this.#kind.split(":").pop()} "${this.#label}" has invalid arguments`;
    throw new pulumi.ResourceError(describeProblems(subject, problems), this, true);
  }
}
