import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import type * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { applyAs, at, type EngineUnderTest, refusalOf, writeAs } from "./engineUnderTest.ts";

type Opts = pulumi.CustomResourceOptions;

/** What every engine does with Kubernetes objects, the live engine and Pulumi with its Kubernetes provider alike. */
export function describeConformance(name: string, start: () => Promise<EngineUnderTest>): void {
  describe(name, () => {
    let engine: EngineUnderTest;
    beforeAll(async () => {
      engine = await start();
    });
    afterAll(() => engine?.stop());

    const path = (object: string) => `/api/v1/namespaces/${engine.namespace()}/configmaps/${object}`;
    const annotated = (object: string, annotations: Record<string, string>, opts: Opts) =>
      new ConfigMap(object, { metadata: { name: object, namespace: engine.namespace(), annotations } }, opts);
    const annotationsOf = async (object: string) => (await at(engine, path(object)))?.metadata.annotations;
    const somebodys = (object: string, annotations: Record<string, string>) =>
      applyAs(engine, "somebody", path(object), {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: object, namespace: engine.namespace(), annotations },
      });

    it("makes objects, and changes nothing when the same program is deployed again", async () => {
      const program = (opts: Opts) => void annotated("a", { team: "x" }, opts);
      expect(await engine.up(program)).toEqual(["created a"]);
      const version = (await at(engine, path("a")))?.metadata.resourceVersion;
      expect(await engine.up(program)).toEqual(["unchanged a"]);
      expect((await at(engine, path("a")))?.metadata.resourceVersion).toBe(version);
      await engine.destroy();
      expect(await at(engine, path("a"))).toBeUndefined();
    });

    it("changes the data of a ConfigMap and of a Secret in place", async () => {
      const program = (value: string) => (opts: Opts) => {
        const metadata = (name: string) => ({ name, namespace: engine.namespace() });
        new ConfigMap("settings", { metadata: metadata("settings"), data: { value } }, opts);
        new Secret("token", { metadata: metadata("token"), data: { value: btoa(value) } }, opts);
      };
      const secret = `/api/v1/namespaces/${engine.namespace()}/secrets/token`;
      const uids = async () =>
        [await at(engine, path("settings")), await at(engine, secret)].map((one) => one?.metadata.uid);
      await engine.up(program("1"));
      const made = await uids();
      expect(await engine.up(program("2"))).toEqual(["updated settings", "updated token"]);
      expect(await uids()).toEqual(made);
      expect(await at(engine, path("settings"))).toMatchObject({ data: { value: "2" } });
      expect(await at(engine, secret)).toMatchObject({ data: { value: btoa("2") } });
      await engine.destroy();
    });

    it("does not make an object that somebody else has made, nor change it (pulumi-kubernetes #2926)", async () => {
      await somebodys("theirs", { team: "somebody" });
      const run = engine.up((opts) => void annotated("theirs", { team: "ours" }, opts));
      expect(await refusalOf(run)).toMatch(/theirs.*already exists/s);
      expect(await annotationsOf("theirs")).toMatchObject({ team: "somebody" });
      await engine.destroy();
      expect(await at(engine, path("theirs"))).toBeDefined();
    });

    it("takes over an object that exists where the provider is told to, but no field with another owner", async () => {
      await somebodys("shared", { theirs: "1" });
      const own = (opts: Opts) => void annotated("shared", { ours: "1" }, opts);
      expect(await engine.up(own, { takeOver: true })).toEqual([expect.stringMatching(/^(created|updated) shared$/)]);
      expect(await annotationsOf("shared")).toMatchObject({ theirs: "1", ours: "1" });
      const run = engine.up((opts) => void annotated("shared", { ours: "1", theirs: "2" }, opts), { takeOver: true });
      expect(await refusalOf(run)).toContain('conflict with "somebody"');
      expect(await annotationsOf("shared")).toMatchObject({ theirs: "1", ours: "1" });
      await engine.destroy();
    });

    it("refuses to change a field that another manager has taken over, and names the manager", async () => {
      await engine.up((opts) => void annotated("fought", { limit: "1" }, opts));
      await writeAs(engine, "admissionsenforcer", path("fought"), { metadata: { annotations: { limit: "9" } } });
      const run = engine.up((opts) => void annotated("fought", { limit: "2" }, opts));
      expect(await refusalOf(run)).toMatch(/conflict with "admissionsenforcer"/);
      expect(await annotationsOf("fought")).toMatchObject({ limit: "9" });
      await engine.destroy();
    });

    it("leaves a field that another manager has added", async () => {
      await engine.up((opts) => void annotated("grown", { a: "1" }, opts));
      await writeAs(engine, "pilot-discovery", path("grown"), { metadata: { annotations: { b: "1" } } });
      expect(await engine.up((opts) => void annotated("grown", { a: "2" }, opts))).toEqual(["updated grown"]);
      expect(await annotationsOf("grown")).toMatchObject({ a: "2", b: "1" });
      await engine.destroy();
    });

    it("leaves an ignored field to its new owner, and changes the rest", async () => {
      const program = (a: string) => (opts: Opts) =>
        void annotated("split", { a, weight: "100" }, { ...opts, ignoreChanges: ["metadata.annotations.weight"] });
      await engine.up(program("1"));
      await writeAs(engine, "rollouts-controller", path("split"), { metadata: { annotations: { weight: "80" } } });
      expect(await engine.up(program("1"))).toEqual(["unchanged split"]);
      expect(await engine.up(program("2"))).toEqual(["updated split"]);
      expect(await annotationsOf("split")).toMatchObject({ a: "2", weight: "80" });
      await engine.destroy();
    });

    it("takes a field from its owner where the object asks for it", async () => {
      await engine.up((opts) => void annotated("taken", { limit: "1" }, opts));
      await writeAs(engine, "somebody", path("taken"), { metadata: { annotations: { limit: "9" } } });
      const forced = { limit: "2", "pulumi.com/patchForce": "true" };
      await engine.up((opts) => void annotated("taken", forced, opts));
      expect(await annotationsOf("taken")).toMatchObject({ limit: "2" });
      await engine.destroy();
    });

    it("keeps what is declared so, and finds it again only where the provider takes over", async () => {
      const program = (opts: Opts) => void annotated("kept", { a: "1" }, { ...opts, retainOnDelete: true });
      await engine.up(program);
      await engine.destroy();
      expect(await at(engine, path("kept"))).toBeDefined();
      expect(await refusalOf(engine.up(program))).toMatch(/kept.*already exists/s);
      await engine.up(program, { takeOver: true });
      expect(await engine.up(program, { takeOver: true })).toEqual(["unchanged kept"]);
      await engine.destroy();
    });

    it("removes what the program no longer has", async () => {
      await engine.up((opts) => void [annotated("stays", {}, opts), annotated("goes", {}, opts)]);
      expect(await engine.up((opts) => void annotated("stays", {}, opts))).toEqual(["deleted goes", "unchanged stays"]);
      expect(await at(engine, path("goes"))).toBeUndefined();
      await engine.destroy();
    });

    it("does not make an object of another stack", async () => {
      await engine.up((opts) => void annotated("one", { a: "1" }, opts));
      const run = engine.up((opts) => void annotated("one", { a: "2" }, opts), { stack: "second" });
      expect(await refusalOf(run)).toContain("one");
      expect(await annotationsOf("one")).toMatchObject({ a: "1" });
      await engine.destroy("second");
      await engine.destroy();
    });

    it("does not make one object twice", async () => {
      const metadata = () => ({ name: "same", namespace: engine.namespace() });
      const program = (opts: Opts) =>
        void [
          new ConfigMap("same-x", { metadata: metadata() }, opts),
          new ConfigMap("same-y", { metadata: metadata() }, opts),
        ];
      expect(await refusalOf(engine.up(program))).toContain("same");
      await engine.destroy();
    });

    it("knows in a preview the name that is declared, and not the id of what is yet to be made", async () => {
      const known: Promise<boolean>[] = [];
      await engine.preview((opts) => {
        const { metadata, id } = annotated("previewed", {}, opts);
        known.push(isKnown(metadata.name), isKnown(id));
      });
      expect(await Promise.all(known)).toEqual([true, false]);
    });
  });
}

/** Of the SDK: whether a preview has a value for an output. */
function isKnown(output: pulumi.Output<unknown>): Promise<boolean> {
  return (output as unknown as { isKnown: Promise<boolean> }).isKnown;
}
