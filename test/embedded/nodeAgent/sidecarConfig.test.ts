import { describe, expect, it } from "vitest";
import { defaultBuckets, latencyBuckets } from "../../../embedded/nodeAgent/latencyBuckets.ts";
import { workloadName } from "../../../embedded/nodeAgent/podEndpoint.ts";
import { sidecarBootstrap, sidecarClusters, sidecarListeners } from "../../../embedded/nodeAgent/sidecarConfig.ts";
import { endpointOf, tritonPod } from "./pods.ts";

const endpoint = endpointOf(tritonPod("fraud-abc-1"));

describe("the configuration of the sidecar", () => {
  it("has one listener for HTTP and one for gRPC on the pod's address, each in front of Triton's port", () => {
    const listeners = sidecarListeners([endpoint], "1").resources as { name: string; address: object }[];
    expect(listeners.map(({ address }) => address)).toEqual([
      { socket_address: { address: "127.9.1.1", port_value: 8000 } },
      { socket_address: { address: "127.9.1.1", port_value: 8001 } },
    ]);
    const clusters = sidecarClusters([endpoint], "1").resources as { name: string }[];
    expect(clusters.map(({ name }) => name)).toEqual(listeners.map(({ name }) => name));
    expect(JSON.stringify(clusters[0])).toContain('"port_value":18000');
    expect(JSON.stringify(clusters[1])).toContain('"port_value":18001');
  });

  it("labels the metrics as Istio's sidecar does", () => {
    const [http] = sidecarListeners([endpoint], "1").resources;
    const tags = [...JSON.stringify(http).matchAll(/\{"name":"(\w+)","value_format":"([^"]*)"\}/g)].map(
      ([, name, value]) => [name, value],
    );
    expect(Object.fromEntries(tags)).toMatchObject({
      reporter: "destination",
      pod: "fraud-abc-1",
      destination_workload: "fraud",
      destination_workload_namespace: "models",
      destination_version: "1",
      response_code: "%RESPONSE_CODE%",
    });
  });

  it("has the latency buckets in its bootstrap", () => {
    const site = { address: "127.9.1.9", statsPort: 15_090, listenersFile: "/l", clustersFile: "/c", edges: [5, 150] };
    const settings = sidecarBootstrap(site).stats_config.histogram_bucket_settings[0];
    expect(settings?.buckets).toEqual([5, 150]);
    expect("istio.request_duration_milliseconds.reporter.destination").toMatch(
      new RegExp(`^${settings?.match.safe_regex.regex}$`),
    );
  });
});

describe("the latency buckets of a pod", () => {
  it("are those of the annotation", () => {
    expect(latencyBuckets('{"istiocustom":[0.5,10,150]}')).toEqual({ edges: [0.5, 10, 150] });
  });

  it("are Istio's defaults without the annotation", () => {
    expect(latencyBuckets(undefined)).toEqual({ edges: defaultBuckets });
  });

  it.each(["{", "[]", '{"istiocustom":[10,5]}', '{"istiocustom":[]}', '{"istiocustom":["5"]}', '{"cluster.x":[1]}'])(
    "stay the defaults, with a warning, for %s",
    (annotation) => {
      const { edges, warning } = latencyBuckets(annotation);
      expect(edges).toEqual(defaultBuckets);
      expect(warning).toContain(annotation);
    },
  );
});

describe("the workload of a pod", () => {
  it("is named as its owner, without the hash of the pod template", () => {
    expect(workloadName(tritonPod("fraud-abc-1"))).toBe("fraud");
  });

  it("is named as the owner if the pod has no hash, and as the pod if it has no owner", () => {
    const set = { apiVersion: "apps/v1", kind: "StatefulSet", name: "db", uid: "u", controller: true };
    expect(workloadName(tritonPod("db-0", { ownerReferences: [set] }))).toBe("db");
    expect(workloadName(tritonPod("alone", { ownerReferences: [] }))).toBe("alone");
  });
});
