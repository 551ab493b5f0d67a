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
const partsOf = (
  environment: Environment,
  step: string,
  configured = (_key: string): string | undefined => undefined,
) =>
  firstDay(environment, configured)
    .find((one) => one.step === step)
    ?.parts.map((part) => ("says" in part ? part.says : part.command)) ?? [];

describe("the first day", () => {
  it("has what a person does between what serin does, in order", () => {
    expect(firstDay(prod).map(({ step, by }) => `${by}: ${step}`)).toEqual([
      "person: declare",
      "person: accounts",
      "person: configuration",
      "serin: cluster layer",
      "person: connect the networks",
      "person: fill the model stores",
      "serin: platform and models",
      "person: DNS and certificate",
    ]);
  });

  it("names the page that explains the steps, as it is opened from here", () => {
    expect(textOf(firstDay(prod)).split("\n").slice(0, 2)).toEqual([
      "the first day, in this order",
      "  docs/how-to/first-day.md says why.",
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

  it("has what the accounts need, with what is configured filled in", () => {
    expect(partsOf(prod, "accounts")).toContain("gcloud storage service-agent --project <gcpProject>");
    const known: Record<string, string> = { gcpProject: "shop-1", awsAccount: "123456789012" };
    const accounts = partsOf(prod, "accounts", (key) => known[key]);
    expect(accounts).toContain("gcloud storage service-agent --project shop-1");
    expect(accounts.slice(1, 4)).toEqual([
      "aws sso login && aws sts get-caller-identity --query Account   # prints 123456789012",
      "az login --tenant <azureTenant> && az account set --subscription <azureSubscription>",
      "gcloud auth login && gcloud auth application-default login && gcloud config set project shop-1",
    ]);
  });

  it("asks for what must be decided before the first up, and for nothing that is declared", () => {
    const asked = (clusters: Environment["clusters"]) => partsOf({ ...prod, clusters }, "declare").slice(1);
    const { "aws-use1": aws, "azure-weu": azure, "gcp-euw4": gcp } = shipped.clusters;
    expect(asked(shipped.clusters).map((says) => says.split(":")[0])).toEqual(["aws-use1", "azure-weu", "gcp-euw4"]);
    const { uploadCidrs: _, ...closed } = azure;
    expect(asked({ "azure-weu": { ...closed, peerings: { runners: "/subscriptions/a" } } })).toEqual([
      "azure-weu: Its model store takes uploads from the subnet of its nodes only. For other addresses declare uploadCidrs.",
    ]);
    const tools = { vpc: "vpc-1", cidrs: ["10.8.0.0/16"] };
    expect(asked({ "aws-use1": { ...aws, peerings: { tools } } })).toEqual([
      'aws-use1: The cluster\'s security group lets in no address of tools without endpoint: { kind: "private", cidrs: ["10.8.0.0/16"] }.',
    ]);
    expect(
      asked({
        "aws-use1": { ...aws, peerings: { tools }, endpoint: { kind: "private", cidrs: ["10.8.0.0/16"] } },
        "azure-weu": { ...azure, endpoint: { kind: "public", cidrs: ["203.0.113.7"] } },
        "gcp-euw4": { ...gcp, endpoint: { kind: "dns" } },
      }),
    ).toEqual([]);
  });

  it("checks the sites that are there as soon as their kubeconfig is set", () => {
    expect(partsOf(prod, "configuration").at(-1)).toBe("npx serin preflight prod --cluster dc-fra");
    expect(partsOf(environments.test ?? prod, "configuration").join()).not.toContain("preflight");
  });

  it("says how each private endpoint is reached, and nothing of others", () => {
    expect(partsOf(prod, "connect the networks")).toEqual([
      "aws-use1: Make a machine in the cluster's VPC and run serin there (docs/clusters/eks.md, \"First day\"). It gets the cluster's security group, which lets in its own members alone:",
      "aws eks describe-cluster --region us-east-1 --name prod-aws-use1 --query cluster.resourcesVpcConfig.clusterSecurityGroupId",
      'azure-weu: Make a machine in the cluster\'s network and run serin there: docs/clusters/aks.md, "First day".',
      'gcp-euw4: Make a machine in the cluster\'s network and run serin there: docs/clusters/gke.md, "First day".',
      "It is done when nodes answer where serin runs, for each cluster:",
      `pulumi stack output kubeconfigs --show-secrets -s prod-cluster | jq -r '."<cluster>"' > kubeconfig`,
      "kubectl --kubeconfig kubeconfig get nodes",
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
    expect(partsOf(reached, "connect the networks").slice(0, -3)).toEqual([
      'azure-weu: Have the owners of runners make the other half of the peering: docs/clusters/aks.md, "First day".',
    ]);
    const peered = { ...aws, peerings: { tools: { vpc: "vpc-1", cidrs: ["10.8.0.0/16"] } } };
    expect(partsOf({ ...prod, clusters: { "aws-use1": peered } }, "connect the networks").slice(0, -3)).toEqual([
      'aws-use1: Have the owners of tools accept the connection and route 10.16.0.0/16 back: docs/clusters/eks.md, "First day".',
    ]);
  });

  it("says before an upload that pods would refuse these files", () => {
    const artifact = { digest: `sha256:${"0".repeat(64)}`, data: "2026-11-01" } as const;
    const wrong = { ...prod, models: { fraud: { ...shipped.models.fraud, artifact } } };
    const said = partsOf(wrong, "fill the model stores").filter((part) => part.startsWith("Not yet fraud/1"));
    expect(said).toHaveLength(2);
    expect(said[0]).toContain('(artifact.data): declared is "2026-11-01"');
    expect(said[1]).toContain(`(artifact.digest): declared is ${artifact.digest}, and the files in `);
    expect(partsOf(prod, "fill the model stores").join()).not.toContain("Not yet");
  });

  it("has the commands that upload each version to each store, from the project's folder where it has one", () => {
    const store = (key: string) =>
      `store=$(pulumi stack output clusters -s prod-cluster | jq -r '."${key}".modelStore.location')`;
    const blobs = "az storage blob upload-batch --auth-mode login --account-name $account --destination models";
    // A version that the project's folder has not.
    const resnet50 = { ...shipped.models.resnet50, version: "9" };
    const elsewhere = { ...prod, models: { ...shipped.models, resnet50 } };
    const uploads = partsOf(elsewhere, "fill the model stores").slice(1);
    expect(uploads.filter((part) => !part.includes("role assignment"))).toEqual([
      "aws-use1:",
      store("aws-use1"),
      'aws s3 sync --region us-east-1 stacks/models/repository/fraud/1 "$store/fraud/1"',
      'aws s3 sync --region us-east-1 <folder of resnet50/9> "$store/resnet50/9"',
      "azure-weu:",
      store("azure-weu"),
      `${blobs} --destination-path fraud/1 --source stacks/models/repository/fraud/1`,
      `${blobs} --destination-path resnet50/9 --source <folder of resnet50/9>`,
      "gcp-euw4:",
      store("gcp-euw4"),
      'gcloud storage rsync --recursive stacks/models/repository/fraud/1 "$store/fraud/1"',
      'gcloud storage rsync --recursive <folder of resnet50/9> "$store/resnet50/9"',
      "dc-fra:",
      "mc alias set prod-dc-fra https://minio.fra.example.com:9000   # asks for keys that may write",
      "mc mirror stacks/models/repository/fraud/1 prod-dc-fra/models/fraud/1",
      "mc mirror <folder of resnet50/9> prod-dc-fra/models/resnet50/9",
    ]);
    const { modelStore: _, ...claims } = shipped.clusters["dc-fra"];
    expect(partsOf({ ...elsewhere, clusters: { "dc-fra": claims } }, "fill the model stores").at(-1)).toBe(
      "Put fraud/1, resnet50/9 into the PersistentVolumeClaim model-store in the models' namespace; the claim is yours to make. If the platform makes that namespace, do it after the next step.",
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
