import { KubeConfig } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import type { GkeEndpoint } from "../../../../components/cluster/gke/endpoint.ts";
import { recorded } from "../harness.ts";
import { answers, build, sampleArgs } from "./sample.ts";

async function kubeconfigOf(endpoint: GkeEndpoint): Promise<KubeConfig> {
  const { outputs } = await recorded(() => ({ kubeconfig: build({ ...sampleArgs, endpoint }).kubeconfig }), answers);
  const { value } = outputs.kubeconfig as { value: string };
  const config = new KubeConfig();
  config.loadFromString(value);
  return config;
}

describe("the kubeconfig", () => {
  it("goes to the private address, with the cluster's own authority", async () => {
    const cluster = (await kubeconfigOf({ kind: "private" })).getCurrentCluster();
    expect(cluster).toMatchObject({ name: "gcp-euw4", server: "https://10.64.64.2", caData: "Y2E=" });
  });

  it("goes to the public address where there is one", async () => {
    const config = await kubeconfigOf({ kind: "public", cidrs: ["203.0.113.0/24"] });
    expect(config.getCurrentCluster()).toMatchObject({ server: "https://203.0.113.7", caData: "Y2E=" });
  });

  it("goes to the name, whose certificate everybody trusts", async () => {
    const cluster = (await kubeconfigOf({ kind: "dns" })).getCurrentCluster();
    expect(cluster?.server).toBe("https://gke-0123456789abcdef-123456789012.europe-west4.gke.goog");
    expect(cluster?.caData).toBeUndefined();
  });

  it("asks Google's plugin for credentials and carries none", async () => {
    const { name, exec, token, password, certData, keyData, authProvider } =
      (await kubeconfigOf({ kind: "private" })).getCurrentUser() ?? {};
    expect(name).toBe("gcp-euw4");
    expect(exec).toEqual({
      apiVersion: "client.authentication.k8s.io/v1beta1",
      command: "gke-gcloud-auth-plugin",
      interactiveMode: "Never",
      provideClusterInfo: true,
      installHint: "gcloud components install gke-gcloud-auth-plugin",
    });
    expect([token, password, certData, keyData, authProvider]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
