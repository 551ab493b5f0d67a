import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import { RemovalGuard } from "../../../components/cluster/removalGuard.ts";
import { recorded } from "./harness.ts";

class Site extends pulumi.ComponentResource {
  constructor(name: string, protect: boolean) {
    super("test:Site", name);
    const network = new pulumi.ComponentResource("test:Network", `${name}-network`, {}, { parent: this });
    new Part(`${name}-nat`, { parent: network });
    new Part(`${name}-nodes`, { parent: this });
    new RemovalGuard(`${name}-guard`, { of: this, protect }, { parent: this });
    this.registerOutputs({});
  }
}

class Part extends pulumi.CustomResource {
  constructor(name: string, opts: pulumi.CustomResourceOptions) {
    super("test:index:Part", name, {}, opts);
  }
}

const guardOf = async (protect: boolean) => {
  const { resources } = await recorded(() => void new Site("a", protect));
  return resources.find(({ name }) => name === "a-guard");
};

it("depends on everything in what it guards, so that it is the first to be deleted", async () => {
  const names = (await guardOf(true))?.dependencies.map((urn) => urn.split("::").at(-1));
  expect(names?.sort()).toEqual(["a-nat", "a-nodes"]);
});

it("is protected as long as what it guards is, and keeps its identity when that ends", async () => {
  const [guarded, freed] = [await guardOf(true), await guardOf(false)];
  expect([guarded?.protect, freed?.protect ?? false]).toEqual([true, false]);
  expect(freed?.urn).toBe(guarded?.urn);
});
