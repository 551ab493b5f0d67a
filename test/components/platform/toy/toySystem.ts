import type * as pulumi from "@pulumi/pulumi";
import { Component } from "../../../../components/core/component.ts";
import { adopt, adoptionProblems, type Requirement } from "../../../../components/platform/adopted.ts";
import type { PlatformSystem } from "../../../../components/platform/platformSystem.ts";
import { type Install, systemNamespace } from "../../../../components/platform/systemChart.ts";

/** A system that does not exist, installed or adopted. */
export type ToyArgs =
  | { readonly install: Install; readonly size?: number }
  | { readonly adopt: Record<string, never>; readonly size?: number };

const requirements: readonly Requirement[] = [
  { crd: "toys.example.com", version: "v1", since: "Toy 1.0", fields: ["spec.size"] },
];

class Toy extends Component {
  constructor(name: string, args: ToyArgs, opts: pulumi.ComponentResourceOptions) {
    super("platform:Toy", name, {}, opts);
    if ("install" in args) systemNamespace(this.childName("namespace"), toy.namespaces[0], {}, { parent: this });
    else adopt(this.childName("crd"), "Toy", requirements, { parent: this });
    this.registerOutputs({});
  }
}

/** The whole of a tenth system, as the rest of the program sees it. */
export const toy = {
  title: "Toy",
  componentName: "toy",
  declared: "optional",
  after: ["istio"],
  namespaces: [{ name: "toys", podSecurity: "privileged" }],
  requirements,
  webhookPorts: [9443],
  asks: { volume: true },
  versions: {
    title: "Toy",
    verb: "supports",
    installed: "1.2.0",
    releases: [{ version: "1.2", kubernetes: { min: "1.30", max: "1.35" }, source: "a test" }],
  },
  runsOn: () => true,
  problems: (args) => [
    ...adoptionProblems(args, "install: {}"),
    ...((args.size ?? 1) > 0 ? [] : [{ path: "size", reason: `${args.size} is not above 0.` }]),
  ],
  installed: (_declared: ToyArgs): ToyArgs => ({ install: {} }),
  build: (name, args, _cluster, opts) => ({ resource: new Toy(name, args, opts), published: {} }),
} as const satisfies PlatformSystem<ToyArgs>;
