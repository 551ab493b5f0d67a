import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import type { KubernetesObject } from "../../engine/kubernetes/kubernetesObject.ts";
import { LiveEngine } from "../../engine/live/liveEngine.ts";
import {
  configMap,
  configMapPath,
  failureOf,
  live,
  namespace,
  plane,
  release,
  up,
  usesControlPlane,
} from "./liveRuns.ts";

usesControlPlane();

describe("the live engine", () => {
  it("makes objects real and lets values the server assigns flow into later ones", async () => {
    const { outputs } = await up((opts) => {
      const service = new Service(
        "svc",
        { metadata: { name: "svc", namespace }, spec: { ports: [{ port: 80 }] } },
        opts,
      );
      const config = configMap("address", { ip: service.spec.clusterIP }, opts);
      return { ip: service.spec.clusterIP, id: config.id, uid: config.metadata.uid };
    });
    expect(outputs.ip).toMatch(/^10\.0\./);
    expect(outputs.id).toBe(`${namespace}/address`);
    expect(await live(configMapPath("address"))).toMatchObject({
      data: { ip: outputs.ip },
      metadata: { uid: outputs.uid },
    });
  });

  it("changes nothing when the same program is deployed twice", async () => {
    const program = (opts: pulumi.CustomResourceOptions) => {
      configMap("a", { a: "1" }, opts);
      new ConfigMap("generated", { metadata: { namespace }, data: { b: "2" } }, opts);
      new Secret("token", { metadata: { name: "token", namespace }, stringData: { token: "t" } }, opts);
      new Service(
        "svc",
        { metadata: { name: "svc", namespace }, spec: { selector: { app: "x" }, ports: [{ port: 80 }] } },
        opts,
      );
      release(100, "1s", { ...opts, ignoreChanges: ["spec.http"] });
    };
    const versions = async () => {
      const lists = await Promise.all(
        [
          "/api/v1/namespaces/serin-system/configmaps",
          ...["configmaps", "secrets", "services"].map((kind) => `/api/v1/namespaces/${namespace}/${kind}`),
        ].map((path) => plane.send<{ items: KubernetesObject[] }>({ method: "GET", path })),
      );
      return lists.flatMap(({ items }) => items.map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`));
    };
    const first = await up(program);
    const before = await versions();
    const second = await up(program);
    expect(first.events.every((event) => event.startsWith("created"))).toBe(true);
    expect(second.events).toHaveLength(5);
    expect(second.events.every((event) => event.startsWith("unchanged"))).toBe(true);
    expect(await versions()).toEqual(before);
  });

  it("unwraps secrets for outputs and names them", async () => {
    const engine = new LiveEngine({ project: "serin", program: () => ({ token: pulumi.secret("t"), open: 1 }) });
    const [result] = await engine.up(["x-models"]);
    expect(result).toMatchObject({ outputs: { token: "t", open: 1 }, secretOutputs: ["token"] });
  });

  it("hands the outputs of one stack to the next", async () => {
    const program = () => {
      if (pulumi.getStack() === "y-cluster") return { kubeconfig: pulumi.secret(plane.kubeconfig), ns: namespace };
      const reference = new pulumi.StackReference("organization/serin/y-cluster");
      const provider = new Provider("cluster", { kubeconfig: reference.requireOutput("kubeconfig") });
      configMap("from-reference", { ns: reference.requireOutput("ns") }, { provider });
      return {};
    };
    await new LiveEngine({ project: "serin", program }).up(["y-cluster", "y-models"]);
    expect(await live(configMapPath("from-reference"))).toMatchObject({ data: { ns: namespace } });
  });

  it("makes a definition and an object of its kind in one program", async () => {
    await up((opts) => {
      const definition = new CustomResource(
        "widgets",
        {
          apiVersion: "apiextensions.k8s.io/v1",
          kind: "CustomResourceDefinition",
          metadata: { name: "widgets.live.test" },
          spec: {
            group: "live.test",
            scope: "Cluster",
            names: { plural: "widgets", singular: "widget", kind: "Widget" },
            versions: [
              {
                name: "v1",
                served: true,
                storage: true,
                schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
              },
            ],
          },
        },
        opts,
      );
      new CustomResource(
        "widget",
        { apiVersion: "live.test/v1", kind: "Widget", metadata: { name: "one" }, spec: { size: 1 } },
        { ...opts, dependsOn: [definition] },
      );
    });
    expect(await live("/apis/live.test/v1/widgets/one")).toMatchObject({ spec: { size: 1 } });
  });

  it("replaces what cannot be changed in place", async () => {
    const program = (value: string) => (opts: pulumi.CustomResourceOptions) => {
      new ConfigMap("fixed", { metadata: { name: "fixed", namespace }, immutable: true, data: { value } }, opts);
    };
    await up(program("1"));
    expect((await up(program("2"))).events).toEqual(["replaced fixed"]);
    const protectedOne = (opts: pulumi.CustomResourceOptions) => program("3")({ ...opts, protect: true });
    expect((await failureOf(up(protectedOne))).message).toMatch(/data: .*immutable/);
    expect(await live(configMapPath("fixed"))).toMatchObject({ data: { value: "2" } });
  });

  it("lets a rehearsal change a resource before it is made", async () => {
    const transformResource = (type: string, name: string, props: Record<string, unknown>) =>
      type === "kubernetes:core/v1:ConfigMap" && name === "a" ? { ...props, data: { fault: "errors=1%" } } : props;
    await up((opts) => void [configMap("a", { a: "1" }, opts), configMap("b", { b: "1" }, opts)], {
      transformResource,
    });
    expect((await live(configMapPath("a")))?.data).toEqual({ fault: "errors=1%" });
    expect((await live(configMapPath("b")))?.data).toEqual({ b: "1" });
  });

  it("applies 300 objects in a few seconds, and once more changes none", async () => {
    const program = (opts: pulumi.CustomResourceOptions) => {
      for (let index = 0; index < 300; index += 1) configMap(`many-${index}`, { index: `${index}` }, opts);
    };
    const timed = async () => {
      const since = performance.now();
      const { events } = await up(program);
      return { events, ms: Math.round(performance.now() - since) };
    };
    const [first, second] = [await timed(), await timed()];
    console.log(`300 objects: ${first.ms} ms, again ${second.ms} ms`);
    expect(first.events.filter((event) => event.startsWith("created"))).toHaveLength(300);
    expect(second.events.filter((event) => event.startsWith("unchanged"))).toHaveLength(300);
  });

  it("gets through a restart of the API server", async () => {
    const running = up((opts) => {
      for (let index = 0; index < 200; index += 1) configMap(`restart-${index}`, { index: `${index}` }, opts);
    });
    const restarted = new Promise<void>((resolve, reject) => {
      setTimeout(() => plane.restart(1_000).then(resolve, reject), 300);
    });
    const { events } = await running;
    await restarted;
    expect(events.filter((event) => event.startsWith("created") || event.startsWith("unchanged"))).toHaveLength(200);
  });
});

describe("cloud resources", () => {
  it("are simulated with ids that stay the same", async () => {
    class Bucket extends pulumi.CustomResource {
      declare readonly bucket: pulumi.Output<string>;

      constructor(name: string, bucket: string) {
        super("aws:s3/bucket:Bucket", name, { bucket });
      }
    }
    const program = () => {
      const bucket = new Bucket("store", "models");
      return { id: bucket.id, bucket: bucket.bucket };
    };
    const first = await up(program);
    expect(first.events).toEqual(["simulated store"]);
    expect(first.outputs).toEqual({ id: expect.stringMatching(/^store-[0-9a-f]{7}$/), bucket: "models" });
    expect((await up(program)).outputs).toEqual(first.outputs);
  });
});
