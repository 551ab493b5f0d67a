import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { standingText } from "../../cli/standing.ts";
import { dev } from "../../stacks/environments/dev.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import { local } from "../../stacks/environments/local.ts";
import { prod } from "../../stacks/environments/prod.ts";
import { test } from "../../stacks/environments/test.ts";

const shown = (environment: Environment, width = 500) => stripVTControlCharacters(standingText(environment, width));

describe("who reaches the models, and how many pods there are", () => {
  it("prod: internal, over HTTPS, and two of what traffic, admission and releases need", () => {
    const https = "HTTPS, its certificate from the cluster's own authority, HTTP redirected";
    const twice = "    2 pods each of istiod, gateway, Rollouts controller, cert-manager, Prometheus";
    expect(shown(prod).split("\n").slice(1)).toEqual([
      ...["aws-use1", "azure-weu", "gcp-euw4"].flatMap((key) => [
        `  ${key}`,
        `    internal load balancer; ${https}`,
        twice,
      ]),
      "  dc-fra",
      `    load balancer of the site, for 10.0.0.0/8 alone; ${https}`,
      twice,
      "  pods of each model on each cluster: fraud 3, resnet50 2",
    ]);
  });

  it("names the addresses that a public load balancer lets in", () => {
    const ingress = { kind: "public", sourceRanges: ["203.0.113.0/24"] } as const;
    const aws = { ...prod.clusters["aws-use1"], ingress };
    expect(shown({ ...prod, clusters: { aws } })).toContain("  aws\n    public, for 203.0.113.0/24 alone; HTTPS");
  });

  it("says that a public load balancer lets everyone in", () => {
    const ingress = { kind: "public", sourceRanges: ["203.0.113.0/24", "0.0.0.0/0"] } as const;
    const aws = { ...prod.clusters["aws-use1"], ingress };
    expect(shown({ ...prod, clusters: { aws } })).toContain("  aws\n    public, for everyone; HTTPS");
  });

  it("says what a site with one node has, and what is adopted", () => {
    expect(shown(test)).toContain("  edge-ber\n    port 30080 of every node; HTTPS");
    const site = test.clusters["edge-ber"];
    const single = { ...site, settings: { ...site.settings, availability: "single" } } as const;
    expect(shown({ ...test, clusters: { "edge-ber": single } })).toContain("1 pod each of istiod, gateway");
    expect(shown(local)).toContain(
      "  embedded\n    a gateway that is adopted; plain HTTP\n    its platform is adopted",
    );
  });

  it.each([prod, dev, test, local])("fits 80 columns for $name", (environment) => {
    expect(
      shown(environment, 80)
        .split("\n")
        .filter((line) => line.length > 80),
    ).toEqual([]);
  });
});
