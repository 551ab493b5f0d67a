import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import type * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import { LiveEngine } from "../../engine/live/liveEngine.ts";
import { configMap, configMapPath, failureOf, live, namespace, plane, up, usesControlPlane } from "./liveRuns.ts";

usesControlPlane();

describe("a program the cluster refuses", () => {
  it("ends with one problem per field, makes no dependents and leaves what was made", async () => {
    const error = await failureOf(
      up((opts) => {
        const made = configMap("made", { a: "1" }, opts);
        const bad = new Service(
          "bad",
          { metadata: { name: "bad", namespace }, spec: { type: "Nonsense", ports: [{ port: 0 }] } },
          { ...opts, dependsOn: [made] },
        );
        configMap("dependent", { ip: bad.spec.clusterIP }, opts);
      }),
    );
    expect(error).toBeInstanceOf(ProblemError);
    expect(error.message).toContain(`Service ${namespace}/bad cannot be applied`);
    expect(error.message).toContain("spec.type: ");
    expect(error.message).toContain("spec.ports[0].port: ");
    expect(await live(configMapPath("made"))).toBeDefined();
    expect(await live(configMapPath("dependent"))).toBeUndefined();
  });

  it.each([
    [
      "a read of what is not there",
      (opts: pulumi.CustomResourceOptions) => ({ uid: ConfigMap.get("gone", `${namespace}/gone`, opts).metadata.uid }),
      /ConfigMap "gone": ConfigMap test-\d+\/gone is not in the cluster/,
    ],
    [
      "a kind whose definition is not installed",
      (opts: pulumi.CustomResourceOptions) =>
        void new CustomResource("x", { apiVersion: "nobody.test/v1", kind: "Thing", metadata: { name: "x" } }, opts),
      /nobody\.test\/v1 Thing: the cluster does not know this kind/,
    ],
    [
      "a resource without a provider of its own",
      () => void new Namespace("x", { metadata: { name: "x" } }),
      /Namespace "x": it has no explicit Kubernetes provider/,
    ],
    [
      "two resources that are one object",
      (opts: pulumi.CustomResourceOptions) =>
        void [
          new ConfigMap("x", { metadata: { name: "same", namespace } }, opts),
          new ConfigMap("y", { metadata: { name: "same", namespace } }, opts),
        ],
      /same: two resources of the stack are this object/,
    ],
    [
      "a namespace that is not there",
      (opts: pulumi.CustomResourceOptions) =>
        void new ConfigMap("x", { metadata: { name: "x", namespace: "nowhere" } }, opts),
      /ConfigMap nowhere\/x cannot be applied:\n.*namespaces "nowhere" not found/,
    ],
  ])("ends clearly: %s", async (_, resources, message) => {
    const error = await failureOf(up(resources));
    expect(error).toBeInstanceOf(ProblemError);
    expect(error.message).toMatch(message);
  });

  it("ends clearly when the cluster cannot be reached", async () => {
    const dead = JSON.stringify({
      ...JSON.parse(plane.kubeconfig),
      clusters: [{ name: "test", cluster: { server: "https://127.0.0.1:1" } }],
    });
    const program = () => {
      const provider = new Provider("cluster", { kubeconfig: dead });
      configMap("x", {}, { provider });
      return {};
    };
    const error = await failureOf(new LiveEngine({ project: "serin", program }).up(["z-models"]));
    expect(error).toMatchObject({ exitCode: exitCodes.unavailable });
    expect(error.message).toContain("https://127.0.0.1:1: connect ECONNREFUSED");
  });
});
