import type * as pulumi from "@pulumi/pulumi";
import { Component } from "../core/component.ts";

/** Which component is guarded, and whether its removal is refused. */
export interface RemovalGuardArgs {
  /** The component whose resources must not be deleted while one of them is protected. */
  readonly of: pulumi.Resource;
  /** Whether the engine refuses to delete the guard. To remove the component, first set it to false and run `up`. */
  readonly protect: boolean;
}

/**
 * Makes the engine refuse a removal before it has deleted anything. The engine checks `protect` when it is about to
 * delete a resource (pulumi/pulumi `pkg/resource/deploy/step.go`, `DeleteStep.Apply`), and it deletes dependents first.
 * Without a preview, as through the Automation API, it would refuse a protected cluster only after its node pools are
 * deleted. The guard depends on all of the component's resources, so it is deleted first and alone, and its refusal
 * ends the run.
 */
export class RemovalGuard extends Component {
  constructor(name: string, { of, protect }: RemovalGuardArgs, opts: pulumi.ComponentResourceOptions) {
    super("cluster:RemovalGuard", name, {}, { ...opts, protect, dependsOn: of });
    this.registerOutputs({});
  }
}
