import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ClusterSpec } from "../../../../components/cluster/clouds.ts";
import { inOrder, systems } from "../../../../components/platform/systems.ts";
import { declaredNeeds } from "../../../../preflight/declaredNeeds.ts";
import type { Environment } from "../../../../stacks/environments/environment.ts";
import { environmentProblems } from "../../../../stacks/environments/environmentProblems.ts";
import { prod } from "../../../../stacks/environments/prod.ts";
import { facts, needs, verdict } from "../../../preflight/cluster.ts";
import { recordLayers } from "../../../recordLayers.ts";
import { type ToyArgs, toy } from "./toySystem.ts";

// The one line that a system takes outside its file.
beforeAll(() => void Object.assign(systems, { toy }));
afterAll(() => void Reflect.deleteProperty(systems, "toy"));

/** The data centre of `prod` alone, whose owner chooses the Kubernetes version, with the toy system declared. */
function environment(args: ToyArgs, clusters: Record<string, ClusterSpec> = { "dc-fra": prod.clusters["dc-fra"] }) {
  return { ...prod, clusters, platform: { ...prod.platform, toy: args } } as Environment;
}

const recorded = (args: ToyArgs) => recordLayers(environment(args));

describe("a system with one file and one line", () => {
  it("is validated with the environment, by the path that was typed", () => {
    expect(environmentProblems("prod", environment({ install: {} }))).toEqual([]);
    expect(environmentProblems("prod", environment({ install: {}, size: 0 }))).toEqual([
      { path: "platform.toy.size", reason: "0 is not above 0." },
    ]);
  });

  it("is built on every cluster, after the systems that it waits for", async () => {
    const resources = await recorded({ install: {} });
    const built = resources.find(({ type }) => type === "serin:platform:Toy");
    expect(built?.name).toBe("dc-fra-toy");
    const istio = resources.filter(({ name }) => name.startsWith("dc-fra-istio")).map(({ urn }) => urn);
    const waitsFor = resources.filter(({ name }) => name.startsWith("dc-fra-toy")).flatMap((own) => own.dependencies);
    expect(istio).toEqual(expect.arrayContaining([waitsFor[0]]));
    expect(inOrder().indexOf("toy")).toBeGreaterThan(inOrder().indexOf("istio"));
  });

  it("is not built where the environment declares none", async () => {
    const plain = await recordLayers({ ...prod, clusters: { "dc-fra": prod.clusters["dc-fra"] } });
    expect(plain.map(({ type }) => type)).not.toContain("serin:platform:Toy");
  });

  it("is refused by the version matrix on a Kubernetes that it does not fit", () => {
    const cloud = { "aws-use1": { ...prod.clusters["aws-use1"], kubernetesVersion: "1.36" as const } };
    expect(environmentProblems("prod", environment({ install: {} }, cloud))).toContainEqual({
      path: 'clusters["aws-use1"].kubernetesVersion',
      reason: "Toy 1.2.0 supports Kubernetes 1.30–1.35, not 1.36 (a test).",
      fix: 'Write kubernetesVersion "1.35".',
    });
    // Argo Rollouts is refused there too; an adopted toy is not.
    const refused = environmentProblems("prod", environment({ adopt: {} }, cloud)).map(({ reason }) => reason);
    expect(refused).toEqual([expect.stringContaining("Argo Rollouts")]);
  });

  it("is looked for by the preflight", () => {
    const adopted = declaredNeeds(environment({ adopt: {} }), "dc-fra", prod.clusters["dc-fra"]);
    expect(adopted.systems.toy).toBe("adopt");
    expect(verdict("systems", facts(), needs({ systems: { toy: "adopt" } }))).toEqual({
      status: "failed",
      found: "Toy is to be adopted, and toys.example.com/v1 is not served",
      needed: "Toy present",
      fix: "Install or upgrade what is missing, or declare platform.toy with install.",
    });
    const installed = declaredNeeds(environment({ install: {} }), "dc-fra", prod.clusters["dc-fra"]);
    expect(installed.namespaces).toContainEqual({ name: "toys", podSecurity: "privileged" });
    expect(installed.versions.systems).toMatchObject({ toy: "1.2.0" });
  });

  it("is adopted where it runs already: its definitions are read, and nothing is made", async () => {
    const resources = await recorded({ adopt: {} });
    const own = resources.filter(({ name }) => name.startsWith("dc-fra-toy"));
    expect(own.map(({ type }) => type)).toEqual(["serin:platform:Toy"]);
  });
});
