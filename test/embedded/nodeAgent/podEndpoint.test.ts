import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { innerUrl, makeEndpoint } from "../../../embedded/nodeAgent/podEndpoint.ts";
import { readTritonCommand } from "../../../embedded/nodeAgent/tritonCommand.ts";
import { tritonPod } from "./pods.ts";

const pod = tritonPod("a");
const [container = { name: "triton" }] = pod.spec?.containers ?? [];
const plan = {
  container,
  command: readTritonCommand(container, {}),
  env: {},
  mounts: [],
  repositories: [],
  backends: "",
  slowStartMs: 0,
};

describe("the ports of a pod", () => {
  it("are the declared ones for clients, and others for Triton behind the sidecar", async () => {
    const endpoint = await makeEndpoint(pod, plan, "127.77.201.1", []);
    expect(endpoint.ports).toEqual({ http: 8000, grpc: 8001, metrics: 8002 });
    expect(endpoint.inner).toEqual({ http: 18_000, grpc: 18_001, metrics: 8002 });
    expect(endpoint.namedPorts).toEqual(endpoint.ports);
  });

  it("differ if another program uses a declared one, and the mesh gets the new ones", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(8000, "127.77.201.2", resolve));
    try {
      const endpoint = await makeEndpoint(pod, plan, "127.77.201.2", []);
      expect(endpoint.ports.http).not.toBe(8000);
      expect(endpoint.namedPorts.http).toBe(endpoint.ports.http);
      expect(endpoint.ports.grpc).toBe(8001);
    } finally {
      other.close();
    }
  });

  it("are probed without the sidecar, by name or by number", async () => {
    const endpoint = await makeEndpoint(pod, plan, "127.77.201.3", []);
    expect(innerUrl(endpoint, plan, "http")).toBe("http://127.77.201.3:18000");
    expect(innerUrl(endpoint, plan, 8000)).toBe("http://127.77.201.3:18000");
    expect(innerUrl(endpoint, plan, "metrics")).toBe("http://127.77.201.3:8002");
  });
});
