import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { firstDay, firstDayText } from "../../cli/firstDay.ts";
import type { PlannedStep } from "../../plan/planDocument.ts";
import { dev } from "../../stacks/environments/dev.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import { environments } from "../../stacks/environments/index.ts";
import { local } from "../../stacks/environments/local.ts";
import { prod as shipped } from "../../stacks/environments/prod.ts";

const prod: Environment = shipped;
const names = (environment: Environment) => firstDay(environment).map(({ step }) => step);
const textOf = (steps: readonly PlannedStep[]) => stripVTControlCharacters(firstDayText(steps, 80));
const partsOf = (environment: Environment, step: string) =>
  firstDay(environment)
    .find((one) => one.step === step)
    ?.parts.map((part) => ("says" in part ? part.says : part.command)) ?? [];

describe("the first day", () => {
  it("has what a person does between what serin does, in order", () => {
    expect(firstDay(prod).map(({ step, by }) => `${by}: ${step}`)).toEqual([
      "person: accounts",
      "person: configuration",
      "serin: cluster layer",
      "person: connect the networks",
      "person: fill the model stores",
      "serin: platform and models",
      "person: DNS and certificate",
    ]);
  });

  it("has no steps for what a site does not have, and none for local", () => {
    expect(names(dev)).toEqual([
      "configuration",
      "fill the model stores",
      "platform and models",
      "DNS and certificate",
    ]);
    expect(names(local)).toEqual([]);
  });

  it("names every configuration key once, secrets as secrets", () => {
    const set = partsOf(prod, "configuration");
    expect(set).toContain(
      'pulumi config set awsAccount "$(aws sts get-caller-identity --query Account --output text)" -s prod-cluster',
    );
    expect(set).toContain("pulumi config set --secret dcFraKubeconfig -s prod-cluster < <kubeconfig>");
    expect(set).toContain("pulumi config set --secret dcFraStoreKey -s prod-cluster");
    expect(new Set(set).size).toBe(set.length);
  });

  it("has what the accounts need", () => {
    expect(partsOf(prod, "accounts")).toContain("gcloud storage service-agent --project <project>");
  });

  it("says how each private endpoint is reached, and nothing of others", () => {
    expect(partsOf(prod, "connect the networks").map((says) => says.split(":")[0])).toEqual([
      "aws-use1",
      "azure-weu",
      "gcp-euw4",
    ]);
    const { "aws-use1": aws, "azure-weu": azure, "gcp-euw4": gcp } = shipped.clusters;
    const reached: Environment = {
      ...prod,
      clusters: {
        "aws-use1": { ...aws, endpoint: { kind: "public", cidrs: ["203.0.113.7/32"] } },
        "azure-weu": { ...azure, peerings: { runners: "/subscriptions/a" } },
        "gcp-euw4": { ...gcp, endpoint: { kind: "dns" } },
      },
    };
    expect(partsOf(reached, "connect the networks")).toEqual([
      'azure-weu: Have the owners of runners make the other half of the peering: docs/clusters/aks.md, "First day".',
    ]);
    const peered = { ...aws, peerings: { tools: { vpc: "vpc-1", cidrs: ["10.8.0.0/16"] } } };
    expect(partsOf({ ...prod, clusters: { "aws-use1": peered } }, "connect the networks")).toEqual([
      'aws-use1: Have the owners of tools accept the connection and route 10.16.0.0/16 back: docs/clusters/eks.md, "First day".',
    ]);
  });

  it("asks for the versions of models that are in a store", () => {
    expect(partsOf(prod, "fill the model stores")[0]).toContain(
      "Upload fraud/1, resnet50/1 to the store of each cluster",
    );
  });

  it.each(Object.values(environments))("fits 80 columns for $name, commands aside", (environment) => {
    const commands = new Set(
      firstDay(environment).flatMap(({ parts }) => parts.flatMap((part) => ("command" in part ? [part.command] : []))),
    );
    const long = textOf(firstDay(environment))
      .split("\n")
      .filter((line) => line.length > 80 && !commands.has(line.trim()));
    expect(long).toEqual([]);
  });
});
