import { describe, expect, it } from "vitest";
import { usualPorts } from "../../../embedded/machine/ports.ts";
import { gatewayBootstrap } from "../../../embedded/mesh/gateway.ts";

describe("the gateway's bootstrap", () => {
  const bootstrap = gatewayBootstrap("127.7.0.1", usualPorts);

  it("identifies the proxy to istiod as an ingress gateway", () => {
    const [type, address, id, domain] = bootstrap.node.id.split("~");
    expect([type, address]).toEqual(["router", "127.7.0.1"]);
    expect(id).toBe("istio-ingressgateway.istio-system");
    expect(domain).toBe("istio-system.svc.cluster.local");
    expect(bootstrap.node.metadata.LABELS).toMatchObject({ istio: "ingressgateway" });
  });

  it("contains no address other than the environment's", () => {
    const addresses = JSON.stringify(bootstrap).match(/\d+\.\d+\.\d+\.\d+/g) ?? [];
    expect(new Set(addresses)).toEqual(new Set(["127.7.0.1"]));
  });
});
