import type { V1Node } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { gatewayAddress } from "../../cli/gatewayAddress.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import { test } from "../../stacks/environments/test.ts";

describe("the address of a gateway behind a node port", () => {
  const service = { spec: { type: "NodePort" } };
  const node = (ready: "True" | "False", ...addresses: [string, string][]): V1Node => ({
    status: {
      conditions: [{ type: "Ready", status: ready }],
      addresses: addresses.map(([type, address]) => ({ type, address })),
    },
  });
  const away = node("False", ["InternalIP", "10.0.0.4"]);
  const { settings } = test.clusters["edge-ber"];
  const at = (nodes: readonly V1Node[], host?: string) => {
    const ingress = { kind: "nodePort", port: 30080, ...(host === undefined ? {} : { host }) } as const;
    const edge = { ...test.clusters["edge-ber"], settings: { ...settings, ingress } };
    const environment: Environment = { ...test, clusters: { edge } };
    return gatewayAddress(environment, "edge", service, nodes);
  };

  it("is at the host that the site names", () => {
    expect(at([node("True", ["InternalIP", "10.0.0.5"])], "gpu.example.com")).toBe("https://gpu.example.com:30080");
  });

  it("is at a node that is ready, where the site names no host", () => {
    expect(at([away, node("True", ["InternalIP", "10.0.0.5"])])).toBe("https://10.0.0.5:30080");
    expect(at([node("True", ["InternalIP", "fd00::5"])])).toBe("https://[fd00::5]:30080");
  });

  it("is at an address outside, where a node has one", () => {
    expect(at([node("True", ["InternalIP", "10.0.0.6"], ["ExternalIP", "203.0.113.9"])])).toBe(
      "https://203.0.113.9:30080",
    );
  });

  it("is not known while no node is ready", () => {
    expect(at([away])).toBeUndefined();
    expect(at([])).toBeUndefined();
  });
});
