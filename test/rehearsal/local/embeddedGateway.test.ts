import { expect, it } from "vitest";
import { istio } from "../../../components/platform/istio.ts";
import { embeddedGatewayProblems } from "../../../rehearsal/local/embeddedGateway.ts";
import { local } from "../../../stacks/environments/local.ts";

const certificate = { kind: "secret", name: "models" } as const;

it("refuses a certificate on the embedded environment, whose gateway would answer nothing", () => {
  expect(embeddedGatewayProblems(local)).toEqual([]);
  const { platform } = local;
  expect(embeddedGatewayProblems({ platform: { ...platform, istio: { ...platform.istio, certificate } } })).toEqual([
    {
      path: "platform.istio.certificate",
      reason: "the embedded gateway has no HTTPS, so no model would answer.",
      fix: "Leave it out; to try it, use a cluster of your own: npx serin up local --kubeconfig <file>.",
    },
  ]);
});

it("keeps the certificate where everything is installed on a cluster of one's own", () => {
  expect(istio.installed({ ...local.platform.istio, certificate })).toEqual({ install: {}, certificate });
  expect(istio.installed(local.platform.istio)).toEqual({ install: {} });
});
