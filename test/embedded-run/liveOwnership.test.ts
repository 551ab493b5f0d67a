import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import type * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
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
  updateAsController,
  usesControlPlane,
  virtualServicePath,
  weights,
} from "./liveRuns.ts";

usesControlPlane();

describe("a field that a controller changes", () => {
  it("is left alone in the middle of a canary, while everything else still applies", async () => {
    const program = (timeout: string) => (opts: pulumi.CustomResourceOptions) => {
      release(100, timeout, { ...opts, ignoreChanges: ["spec.http"] });
    };
    await up(program("1s"));
    await updateAsController(virtualServicePath(), ({ spec }) => {
      const [http] = spec.http as { route: { weight: number }[] }[];
      http?.route.forEach((route, index) => {
        route.weight = index === 0 ? 80 : 20;
      });
    });
    for (let again = 0; again < 2; again += 1) {
      expect((await up(program("1s"))).events).toEqual(["unchanged release"]);
      expect(await weights()).toEqual([80, 20]);
    }
    expect((await up(program("9s"))).events).toEqual(["updated release"]);
    expect(await weights()).toEqual([80, 20]);
    expect((await live(virtualServicePath()))?.metadata.annotations).toEqual({ timeout: "9s" });
  });

  it("is neither changed nor removed by us while it is still ours", async () => {
    await up((opts) => void release(100, "1s", { ...opts, ignoreChanges: ["spec.http"] }));
    await up((opts) => void release(50, "2s", { ...opts, ignoreChanges: ["spec.http"] }));
    expect(await weights()).toEqual([100, 0]);
    await up((opts) => void release(50, "3s", opts));
    expect(await weights()).toEqual([50, 50]);
  });

  it("keeps a whole map that a controller extends, such as a Service's selector", async () => {
    const path = `/api/v1/namespaces/${namespace}/services/svc`;
    const program = (port: number) => (opts: pulumi.CustomResourceOptions) => {
      const spec = { selector: { app: "fraud" }, ports: [{ port }] };
      new Service("svc", { metadata: { name: "svc", namespace }, spec }, { ...opts, ignoreChanges: ["spec.selector"] });
    };
    await up(program(80));
    await updateAsController(path, ({ spec }) => {
      spec.selector = { app: "fraud", "rollouts-pod-template-hash": "abc" };
    });
    await up(program(81));
    expect((await live(path))?.spec).toMatchObject({
      selector: { app: "fraud", "rollouts-pod-template-hash": "abc" },
      ports: [{ port: 81 }],
    });
  });

  it("is a clear error when it is not ignored, and is taken over only when the object asks for it", async () => {
    await up((opts) => void release(100, "1s", opts));
    await updateAsController(virtualServicePath(), ({ spec }) => {
      spec.http = [{ name: "primary", route: [{ destination: { host: "other" }, weight: 100 }] }];
    });
    const error = await failureOf(up((opts) => void release(90, "1s", opts)));
    expect(error).toMatchObject({ exitCode: exitCodes.incomplete });
    expect(error.message).toContain(`VirtualService ${namespace}/release cannot be applied`);
    expect(error.message).toMatch(/spec\.http: conflict with "rollouts-controller"/);
    await up((opts) => {
      const forced = { metadata: { annotations: { "pulumi.com/patchForce": "true" } } };
      release(90, "1s", {
        ...opts,
        transformations: [
          ({ props, opts }) => ({ props: { ...props, metadata: { ...props.metadata, ...forced.metadata } }, opts }),
        ],
      });
    });
    expect(await weights()).toEqual([90, 10]);
  });
});

describe("what a stack no longer has", () => {
  it("is removed after the rest succeeded, dependents first", async () => {
    await up((opts) => {
      const base = configMap("base", { a: "1" }, opts);
      configMap("leaf", { base: base.metadata.name }, opts);
      configMap("stays", { a: "1" }, opts);
    });
    const { events } = await up((opts) => void configMap("stays", { a: "1" }, opts));
    expect(events).toEqual(["unchanged stays", "deleted leaf", "deleted base"]);
    expect(await live(configMapPath("base"))).toBeUndefined();
  });

  it("stays when the program failed", async () => {
    await up((opts) => void [configMap("a", { a: "1" }, opts), configMap("b", { b: "1" }, opts)]);
    await failureOf(
      up((opts) => {
        configMap("a", { a: "1" }, opts);
        throw new ProblemError("Model fraud", [{ path: "slo.p99", reason: "no duration." }]);
      }),
    );
    expect(await live(configMapPath("b"))).toBeDefined();
  });

  it("stays in the cluster when it was declared so, and may not go when it is protected", async () => {
    await up((opts) => void configMap("kept", { a: "1" }, { ...opts, retainOnDelete: true }));
    expect((await up(() => {})).events).toEqual(["retained kept"]);
    expect(await live(configMapPath("kept"))).toBeDefined();
    expect((await live(configMapPath("kept")))?.metadata.labels).toBeUndefined();
    await up((opts) => void configMap("protected", { a: "1" }, { ...opts, protect: true }));
    const error = await failureOf(up(() => {}));
    expect(error.message).toContain(`ConfigMap ${namespace}/protected: it is protected.`);
    expect(await live(configMapPath("protected"))).toBeDefined();
  });

  it("is found however it was left: a run that broke off does not lose sight of what it made", async () => {
    await failureOf(
      up((opts) => {
        const orphan = configMap("orphan", { a: "1" }, opts);
        configMap("wrong name", { a: "1" }, { ...opts, dependsOn: [orphan] });
      }),
    );
    expect(await live(configMapPath("orphan"))).toBeDefined();
    expect((await up((opts) => void configMap("other", { a: "1" }, opts))).events).toContain("deleted orphan");
  });

  it("goes with the whole stack on destroy, and nothing else does", async () => {
    const stack = `${namespace}-gone`;
    await up((opts) => void configMap("mine", { a: "1" }, opts), { stack });
    await up((opts) => void configMap("others", { a: "1" }, opts));
    const engine = new LiveEngine({ project: "serin", program: () => ({}), kubeconfigs: [plane.kubeconfig] });
    const events: string[] = [];
    await engine.destroy([stack], { onResource: ({ action, name }) => events.push(`${action} ${name}`) });
    expect(events).toEqual(["deleted mine"]);
    expect(await live(configMapPath("others"))).toBeDefined();
    expect(await live(`/api/v1/namespaces/serin-system/configmaps/serin-stack-${stack}`)).toBeUndefined();
    await engine.destroy([stack]);
  });

  it("is not confused by two providers of one cluster, nor by another stack's objects", async () => {
    const program = (opts: pulumi.CustomResourceOptions) => {
      const second = new Provider("again", { kubeconfig: plane.kubeconfig, namespace });
      configMap("first", { a: "1" }, opts);
      new ConfigMap("second", { metadata: { name: "second" }, data: { a: "1" } }, { provider: second });
    };
    await up(program);
    expect((await up(program)).events.toSorted()).toEqual(["unchanged first", "unchanged second"]);
    const error = await failureOf(
      up((opts) => void configMap("first", { a: "2" }, opts), { stack: `${namespace}-other` }),
    );
    expect(error.message).toContain(`the stack "${namespace}-models" owns it`);
  });
});
