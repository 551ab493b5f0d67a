import { expect, it } from "vitest";
import { gcpRuleBook } from "../../../../components/cluster/gke/gcpRuleBook.ts";
import type { GkeDeclaration } from "../../../../components/cluster/gke/gkeArgs.ts";
import { recorded } from "../harness.ts";
import { answers, build, sampleArgs } from "./sample.ts";

/** The service that the provider calls for a resource, by the module of its type. */
const serviceOf: Readonly<Record<string, string>> = {
  compute: "compute",
  container: "container",
  kms: "cloudkms",
  logging: "logging",
  // Roles in the policy of the project.
  projects: "cloudresourcemanager",
  serviceaccount: "iam",
  storage: "storage",
};

it("enables the service behind every resource of a cluster (terraform-google-project-factory #717)", async () => {
  const { resources } = await recorded(() => {
    build({ ...sampleArgs, webhookPorts: [15017] }).workloadIdentity.bind("models", "fraud", {
      access: "read",
      prefix: "fraud",
    });
    return {};
  }, answers);
  const modules = resources.flatMap(({ type }) => /^gcp:(\w+)\//.exec(type)?.[1] ?? []);
  expect(modules.length).toBeGreaterThan(10);
  const enabled = gcpRuleBook.services.command();
  for (const module of new Set(modules)) expect(enabled).toContain(` ${serviceOf[module]}.googleapis.com`);
});

it("asks where the machines of the pools are, and nothing of a cluster without GPUs", () => {
  const command = gcpRuleBook["zones-of-machines"].command;
  expect(command(sampleArgs)).toBe(
    'gcloud compute machine-types list --filter="zone~^europe-west4- AND name=(g2-standard-12 g2-standard-16 a3-highgpu-8g)" --format="table(name,zone)" --project <gcpProject>',
  );
  expect(command({ ...sampleArgs, gpuPools: {} })).toBeUndefined();
});

it.each(["a3-highgpu-1g", "a3-highgpu-2g", "a3-highgpu-4g"] as const)(
  "refuses %s on demand and reserved, and takes it as spot and queued",
  (machine) => {
    const problems = (purchase?: object) =>
      gcpRuleBook["purchase-of-a-machine"].problems({
        ...sampleArgs,
        gpuPools: { h100: { machine, min: 0, max: 1, ...(purchase === undefined ? {} : { purchase }) } },
      } as GkeDeclaration);
    expect(problems()).toEqual([
      {
        path: 'gpuPools["h100"].purchase',
        reason: `Google Cloud does not sell "${machine}" as "onDemand".`,
        fix: 'Write a purchase of kind "spot" or "queued", or choose another machine.',
      },
    ]);
    expect(problems({ kind: "reserved", reservation: "h100" })).toHaveLength(1);
    expect(problems({ kind: "spot" })).toEqual([]);
    expect(problems({ kind: "queued", maxRunDuration: "1h" })).toEqual([]);
  },
);
