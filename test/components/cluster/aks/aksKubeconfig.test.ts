import { expect, it } from "vitest";
import { parse } from "yaml";
import { aksKubeconfig, kubeLogins } from "../../../../components/cluster/aks/aksKubeconfig.ts";
import { azureCredentials } from "./sample.ts";

it.each(kubeLogins)("logs in by %s, without a person, a token or a profile", (login) => {
  const kubeconfig = aksKubeconfig("weu", azureCredentials, login, "tenant-1");
  expect(parse(kubeconfig)).toEqual({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "weu",
        cluster: {
          server: "https://prod-azure-weu-1a2b3c4d.hcp.westeurope.azmk8s.io:443",
          "certificate-authority-data": "Y2VydGlmaWNhdGU=",
        },
      },
    ],
    contexts: [{ name: "weu", context: { cluster: "weu", user: "weu" } }],
    "current-context": "weu",
    users: [
      {
        name: "weu",
        user: {
          exec: {
            apiVersion: "client.authentication.k8s.io/v1beta1",
            command: "kubelogin",
            args: [
              "get-token",
              "--environment",
              "AzurePublicCloud",
              "--server-id",
              "6dae42f8-4368-4678-94ff-3960e28e3630",
              "--login",
              login,
              "--tenant-id",
              "tenant-1",
            ],
            interactiveMode: "Never",
            provideClusterInfo: false,
            installHint: "kubelogin is part of the Azure CLI: az aks install-cli",
          },
        },
      },
    ],
  });
});

it("leaves behind a token that Azure might hand out", () => {
  const withToken = `${azureCredentials}\n- name: other\n  user: { token: s3cret }\n`;
  expect(aksKubeconfig("weu", withToken, "azurecli", "tenant-1")).not.toContain("s3cret");
});

it("says so when Azure hands out nothing to connect to", () => {
  expect(() => aksKubeconfig("weu", "kind: Config", "azurecli", "tenant-1")).toThrow(
    "The credentials of weu cannot be used:\n  - clusters[0].cluster: Azure left out the server or its certificate.",
  );
});
