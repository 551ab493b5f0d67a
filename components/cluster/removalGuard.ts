import type * as pulumi from "@pulumi/pulumi";
import { Component } from "../core/component.ts";

export interface RemovalGuardArgs {
  /** What must not be removed while something of it is protected: everything in it is. */
  readonly of: pulumi.Resource;
  readonly protect: boolean;
}

/**
 * Makes a refused removal refuse before it has removed anything. The engine looks at `protect` when it comes to delete
 * a resource (pulumi/pulumi `pkg/resource/deploy/step.go`, `DeleteStep.Apply`), and it deletes what depends on others
 * first: without a preview, as through the Automation API, a protected cluster would be refused only after its node
 * pools are gone. The guard depends on all of them, so it is the first to be deleted, alone, and its refusal ends the
 * run.
 */
export class RemovalGuard extends Component {
  constructor(name: string, { of, protect }: RemovalGuardArgs, opts: pulumi.ComponentResourceOptions) {
    super("cluster:RemovalGuard", name, {}, { ...opts, protect, dependsOn: of });
    this.registerOutputs({});
  }
}
