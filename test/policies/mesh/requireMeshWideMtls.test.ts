import { describe, expect, it } from "vitest";
import { requireMeshWideMtls } from "../../../policies/mesh/requireMeshWideMtls.ts";
import { judgeStack, type StackResource, unknown } from "../harness.ts";

const component: StackResource = { type: "serin:platform:Istio", name: "istio" };
const chart: StackResource = { type: "kubernetes:helm.sh/v4:Chart", name: "istiod", parent: "istio" };
const mesh = [component, chart];
const namespace = (provider?: string): StackResource => ({
  type: "kubernetes:core/v1:Namespace",
  name: `namespace-${provider}`,
  parent: "istio",
  ...(provider === undefined ? {} : { provider }),
});
const strict = (mode: string, provider?: string): StackResource => ({
  type: "kubernetes:security.istio.io/v1:PeerAuthentication",
  name: `strict-${provider}`,
  props: { metadata: { namespace: "istio-system" }, spec: { mtls: { mode } } },
  ...(provider === undefined ? {} : { provider }),
});

describe(requireMeshWideMtls.name, () => {
  it("accepts a mesh with a mesh-wide STRICT", async () => {
    expect(await judgeStack(requireMeshWideMtls, [...mesh, namespace(), strict("STRICT")])).toEqual({ violations: [] });
  });

  it("rejects a mesh without one, with one violation", async () => {
    const { violations } = await judgeStack(requireMeshWideMtls, [...mesh, namespace()]);
    expect(violations).toEqual([expect.stringMatching(/^istio: nothing mesh-wide says STRICT/)]);
  });

  it("rejects a STRICT that holds for one namespace or one workload only", async () => {
    const narrow = [
      { metadata: { namespace: "models" }, spec: { mtls: { mode: "STRICT" } } },
      {
        metadata: { namespace: "istio-system" },
        spec: { selector: { matchLabels: { a: "b" } }, mtls: { mode: "STRICT" } },
      },
    ].map((props, index) => ({ ...strict("STRICT"), name: `narrow-${index}`, props }));
    const { violations } = await judgeStack(requireMeshWideMtls, [...mesh, ...narrow]);
    expect(violations).toHaveLength(1);
  });

  it("wants one for each cluster the mesh is installed in", async () => {
    const clusters = [...mesh, namespace("aws"), namespace("azure"), strict("STRICT", "aws")];
    expect((await judgeStack(requireMeshWideMtls, clusters)).violations).toHaveLength(1);
    expect(await judgeStack(requireMeshWideMtls, [...clusters, strict("STRICT", "azure")])).toEqual({ violations: [] });
  });

  it("is undetermined when the mode is unknown, unless another one is STRICT", async () => {
    const verdict = await judgeStack(requireMeshWideMtls, [...mesh, strict(unknown)]);
    expect(verdict).toEqual({ violations: [], undetermined: expect.stringContaining("spec.mtls.mode") });
    const settled = [...mesh, strict(unknown), { ...strict("STRICT"), name: "second" }];
    expect(await judgeStack(requireMeshWideMtls, settled)).toEqual({ violations: [] });
  });

  it("leaves an adopted mesh to its owner", async () => {
    const elsewhere: StackResource = { type: "kubernetes:helm.sh/v4:Chart", name: "prometheus" };
    expect(await judgeStack(requireMeshWideMtls, [component, elsewhere])).toEqual({
      violations: [],
      notApplicable: expect.any(String),
    });
  });
});
