import { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { secretSignature, specialSignatureKey, unknownSentinel } from "../../../engine/sdkInternals.ts";
import { recordEnvironment } from "../../recordEnvironment.ts";
import program from "../fixtureProgram.ts";

const layers = ["cluster", "platform", "models"];
const [cluster, platform, models] = await recordEnvironment("dev", layers, { project: "serin", program });

function resource(stack: typeof models, name: string) {
  const found = stack?.resources.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no resource ${name}`);
  return found;
}

describe("recordEnvironment", () => {
  it("records every resource under the URN the engine would form, components in the chain of types", () => {
    expect(models?.stack).toBe("dev-models");
    expect(models?.resources.map(({ urn }) => urn)).toEqual([
      "urn:pulumi:dev-models::serin::pulumi:pulumi:Stack::serin-dev-models",
      "urn:pulumi:dev-models::serin::pulumi:providers:kubernetes::cluster",
      "urn:pulumi:dev-models::serin::serin:test:Models::all",
      "urn:pulumi:dev-models::serin::serin:test:Models$serin:test:Model::fraud",
      "urn:pulumi:dev-models::serin::serin:test:Models$serin:test:Model$kubernetes:core/v1:Secret::token",
      "urn:pulumi:dev-models::serin::serin:test:Models$serin:test:Model$kubernetes:serin.test/v1:Widget::widget",
    ]);
  });

  it("keeps inputs as the program sent them, with options, dependencies and the explicit provider", () => {
    expect(resource(models, "widget")).toMatchObject({
      type: "kubernetes:serin.test/v1:Widget",
      custom: true,
      props: { spec: { size: 1, tokenFrom: "token", weights: [{ to: "stable", weight: 100 }] } },
      ignoreChanges: ["spec.weights"],
      dependencies: [resource(models, "token").urn],
      propertyDependencies: { spec: [resource(models, "token").urn] },
      provider: { type: "pulumi:providers:kubernetes", name: "cluster" },
    });
    expect(resource(models, "all")).toMatchObject({ custom: false, props: { note: "summary" } });
    expect(resource(models, "all").provider).toBeUndefined();
  });

  it("marks secrets", () => {
    expect(resource(models, "token").props.stringData).toEqual({
      [specialSignatureKey]: secretSignature,
      value: { token: "s3cret" },
    });
  });

  it("leaves what only a deployment knows unknown: server-assigned metadata, generated names, what is read", () => {
    expect(platform?.outputs).toEqual({ namespace: "models", settings: unknownSentinel, uid: unknownSentinel });
    expect(cluster?.outputs.uid).toBe(unknownSentinel);
  });

  it("assumes configuration that is not set, and says which", () => {
    expect(cluster?.missingConfig).toEqual(["serin:kubeconfig"]);
    expect(resource(cluster, "main-provider").props.kubeconfig).toBe(unknownSentinel);
    expect(platform?.missingConfig).toEqual([]);
  });

  it("resolves references to the recorded outputs of earlier layers, each known or unknown by itself", () => {
    expect(resource(models, "cluster").props).toEqual({ kubeconfig: unknownSentinel, clusterIdentifier: "main" });
    expect(resource(platform, "settings").props.data).toEqual({ identifier: "main" });
  });

  it("uses configuration that is set, and keeps a secret that crosses layers secret", async () => {
    const [first, , last] = await recordEnvironment("dev", layers, {
      project: "serin",
      program,
      config: () => ({ config: { "serin:kubeconfig": "k" }, secretKeys: ["serin:kubeconfig"] }),
    });
    const asSecret = { [specialSignatureKey]: secretSignature, value: "k" };
    expect(first?.missingConfig).toEqual([]);
    expect(resource(first, "main-provider").props.kubeconfig).toEqual(asSecret);
    expect(resource(last, "cluster").props).toEqual({ kubeconfig: asSecret, clusterIdentifier: "main" });
  });

  it("records the same twice", async () => {
    const again = await recordEnvironment("dev", layers, { project: "serin", program });
    expect(again).toEqual([cluster, platform, models]);
  });

  it("fails with a clear error where the program names a stack or an output that is not there", async () => {
    const missingStack = () => ({ a: new pulumi.StackReference("dev-nothing").requireOutput("a") });
    await expect(recordEnvironment("dev", ["models"], { project: "serin", program: missingStack })).rejects.toThrow(
      'StackReference "dev-nothing": there is no such stack.',
    );
    const missingOutput = () =>
      pulumi.getStack() === "dev-a" ? { b: 1 } : { a: new pulumi.StackReference("dev-a").requireOutput("c") };
    await expect(recordEnvironment("dev", ["a", "b"], { project: "serin", program: missingOutput })).rejects.toThrow(
      'no output "c"',
    );
  });

  it("gives a defect of the program its whole stack trace", async () => {
    const deep = (depth: number): string => (depth === 0 ? JSON.parse("null").text : deep(depth - 1).trim());
    const program = () => ({ value: deep(3) });
    const limit = Error.stackTraceLimit;
    const error = await recordEnvironment("dev", ["models"], { project: "serin", program }).catch((caught) => caught);
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).stack?.match(/at deep/g)).toHaveLength(4);
    expect(Error.stackTraceLimit).toBe(limit);
  });

  it("refuses functions that ask a provider", async () => {
    const program = async () => ({ zones: await pulumi.runtime.invoke("aws:index/getAvailabilityZones:get", {}) });
    await expect(recordEnvironment("dev", ["cluster"], { project: "serin", program })).rejects.toThrow(
      "aws:index/getAvailabilityZones:get: this function asks a cloud",
    );
  });
});

it("keeps what decides how a resource is replaced and deleted", async () => {
  const program = () => {
    const cluster = new Namespace("cluster", {});
    new Namespace("plain", {});
    new Namespace(
      "kept",
      {},
      {
        protect: true,
        retainOnDelete: true,
        deleteBeforeReplace: true,
        deletedWith: cluster,
        replaceOnChanges: ["metadata.name"],
        customTimeouts: { create: "40m", delete: "20m" },
        aliases: [{ name: "before" }],
      },
    );
    return {};
  };
  const [stack] = await recordEnvironment("dev", ["cluster"], { project: "serin", program });
  const { version } = resource(stack, "cluster");
  expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  expect(resource(stack, "kept")).toMatchObject({
    version,
    protect: true,
    retainOnDelete: true,
    deleteBeforeReplace: true,
    deletedWith: resource(stack, "cluster").urn,
    replaceOnChanges: ["metadata.name"],
    customTimeouts: { create: "40m", delete: "20m" },
  });
  expect(Object.keys(resource(stack, "plain"))).toEqual([
    "urn",
    "type",
    "name",
    "props",
    "custom",
    "parent",
    "dependencies",
    "propertyDependencies",
    "version",
  ]);
});
