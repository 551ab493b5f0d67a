import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { RecordedProperties, RecordedResource, RecordedValue } from "../../../engine/recordedResource.ts";
import { secretSignature, specialSignatureKey, unknownSentinel } from "../../../engine/sdkInternals.ts";
import { PolicyClient } from "../../../plan/policies/policyClient.ts";
import { type PolicyServer, startPolicyServer } from "../../../plan/policies/policyServer.ts";
import { policies } from "../../../policies/registry.ts";
import { expectChildToEndWithParent } from "../orphans.ts";

// Starting the pack takes a second; a busy machine takes its time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const pack = fileURLToPath(new URL("../../../policies", import.meta.url));
const digest = `triton@sha256:${"0123456789abcdef".repeat(4)}`;

function resource(type: string, name: string, props: RecordedProperties): RecordedResource {
  const urn = `urn:pulumi:prod-models::serin::${type}::${name}`;
  return { urn, type, name, props, custom: true, dependencies: [], propertyDependencies: {} };
}

function deployment(name: string, image: RecordedValue): RecordedResource {
  const container = { name: "triton", image, resources: { limits: { "nvidia.com/gpu": 1 } } };
  return resource("kubernetes:apps/v1:Deployment", name, { spec: { template: { spec: { containers: [container] } } } });
}

const exemption = {
  policy: "image-require-digest",
  owner: "payments",
  reason: "the vendor signs from April on",
  ticket: "OPS-7",
  expires: "2027-03-31",
};

/** A project that declares environments. */
function projectWith(environments: object): string {
  const folder = mkdtempSync(join(tmpdir(), "serin-project-"));
  mkdirSync(join(folder, "stacks", "environments"), { recursive: true });
  writeFileSync(join(folder, "Pulumi.yaml"), "name: serin\n");
  writeFileSync(
    join(folder, "stacks", "environments", "index.ts"),
    `export const environments = ${JSON.stringify(environments)};`,
  );
  return folder;
}

const secret = (value: RecordedValue): RecordedValue => ({ [specialSignatureKey]: secretSignature, value });

describe("the policy pack, served by the SDK's own server", () => {
  let server: PolicyServer;
  beforeAll(() => {
    server = startPolicyServer();
  });
  afterAll(() => server.stop());

  const at = { stack: "prod-models", project: "serin" };

  it("tells violations, undetermined and passed apart", async () => {
    const resources = [
      deployment("good", digest),
      deployment("tagged", "triton:24.10"),
      deployment("later", unknownSentinel),
      resource("kubernetes:core/v1:ConfigMap", "none", {}),
    ];
    const result = await server.analyze(resources, at);

    expect(result.pack).toEqual({ name: "serin", version: "0.1.0" });
    expect(result.findings).toEqual([
      {
        policy: "image-require-digest",
        severity: "high",
        enforcement: "mandatory",
        status: "violation",
        urn: resources[1]?.urn,
        message: expect.stringMatching(/^spec\.template\.spec\.containers\[0\]\.image: "triton:24\.10" has no digest/),
      },
      {
        policy: "image-require-digest",
        severity: "high",
        enforcement: "mandatory",
        status: "undetermined",
        urn: resources[2]?.urn,
        message: "spec.template.spec.containers.0.image: known only after the deployment.",
      },
    ]);
    expect(result.policies.map(({ policy }) => policy)).toEqual(policies.map(({ name }) => name));
    expect(result.policies.find(({ policy }) => policy === "image-require-digest")).toMatchObject({
      displayName: "Images are pinned by digest",
      passed: 1,
      violated: 1,
      undetermined: 1,
      notApplicable: 1,
    });
    const sum = (key: "passed" | "notApplicable") => result.policies.reduce((total, policy) => total + policy[key], 0);
    expect(result.counts).toEqual({
      passed: sum("passed"),
      mandatoryViolations: 1,
      advisoryViolations: 0,
      undetermined: 1,
      exempted: 0,
      notApplicable: sum("notApplicable"),
    });
    expect(sum("passed")).toBeGreaterThan(1);
    expect(sum("notApplicable")).toBeGreaterThan(1);
  });

  it("advises in a development environment, except where a rule must always block", async () => {
    const bad = deployment("bad", "triton:24.10");
    const container = { name: "triton", image: digest, resources: { requests: { "nvidia.com/gpu": 1 } } };
    const greedy = resource("kubernetes:core/v1:Pod", "greedy", { spec: { containers: [container] } });
    const { findings, counts } = await server.analyze([bad, greedy], { stack: "dev-models", project: "serin" });
    expect(findings.map(({ policy, enforcement }) => [policy, enforcement])).toEqual([
      ["image-require-digest", "advisory"],
      ["gpu-require-limits-only", "mandatory"],
    ]);
    expect(counts).toMatchObject({ mandatoryViolations: 1, advisoryViolations: 1 });
  });

  it("judges what is secret, and does not repeat it", async () => {
    const whole = resource("kubernetes:core/v1:Pod", "whole", {
      spec: secret({ containers: [{ name: "a", image: "registry.example.com/hidden:1" }] }),
    });
    const result = await server.analyze([deployment("partly", secret("hush:1")), whole], at);
    expect(result.counts.mandatoryViolations).toBe(2);
    expect(result.findings[0]?.message).toContain('"[secret]" has no digest');
    expect(JSON.stringify(result)).not.toMatch(/hush|hidden/);
  });

  it("shows what is exempted until its last day, and from the next day on objects again", async () => {
    const tagged = deployment("tagged", "triton:24.10");
    const declared = [{ ...exemption, resource: tagged.urn }];
    const on = (day: string) => server.analyze([tagged], { ...at, exemptions: { declared, day } });
    const last = await on("2027-03-31");
    expect(last.findings).toMatchObject([{ status: "exempted", exemption: { ticket: "OPS-7" } }]);
    expect(last.counts).toMatchObject({ mandatoryViolations: 0, exempted: 1 });
    const next = await on("2027-04-01");
    expect(next.findings).toMatchObject([{ status: "violation" }]);
    expect(next.findings[0]?.message).toMatch(/ Its exemption \(payments, OPS-7\) ended with 2027-03-31\.$/);
  });

  it("understands Outputs and references as a program sends them", async () => {
    const output = (more: RecordedProperties): RecordedValue => ({
      [specialSignatureKey]: "d0e6a833031e9bbcd3f4e8bde6ca49a4",
      ...more,
    });
    const reference = { [specialSignatureKey]: "5cf8f73096256a8f31e491e813e4eb8e", urn: "urn:pulumi:a", id: "b" };
    const { findings } = await server.analyze(
      [
        deployment("plain", output({ value: "triton:1" })),
        deployment("secret", output({ value: "hush:1", secret: true })),
        deployment("unknown", output({})),
        resource("kubernetes:core/v1:ConfigMap", "reference", { metadata: reference, __defaults: [] }),
      ],
      at,
    );
    expect(findings.map(({ status, message }) => [status, message.slice(0, 60)])).toEqual([
      ["violation", 'spec.template.spec.containers[0].image: "triton:1" has no dig'.slice(0, 60)],
      ["violation", 'spec.template.spec.containers[0].image: "[secret]" has no di'.slice(0, 60)],
      ["undetermined", "spec.template.spec.containers.0.image: known only after the "],
    ]);
  });

  it("judges the stack as a whole, along parents and providers", async () => {
    const mesh = { ...resource("serin:platform:Istio", "istio", {}), custom: false };
    const chart = { ...resource("kubernetes:helm.sh/v4:Chart", "istiod", {}), custom: false, parent: mesh.urn };
    const provider = { urn: "urn:pulumi:p::c1", type: "pulumi:providers:kubernetes", name: "c1", props: {} };
    const child = { ...resource("kubernetes:core/v1:Namespace", "istio-system", {}), parent: mesh.urn, provider };
    const platform = { stack: "prod-platform", project: "serin" };

    const { findings } = await server.analyze([mesh, chart, child], platform);
    expect(findings).toMatchObject([{ policy: "mesh-require-mesh-wide-mtls", urn: mesh.urn, status: "violation" }]);

    const strict = {
      ...resource("kubernetes:security.istio.io/v1:PeerAuthentication", "strict", {
        metadata: { namespace: "istio-system" },
        spec: { mtls: { mode: "STRICT" } },
      }),
      provider,
    };
    expect((await server.analyze([mesh, chart, child, strict], platform)).findings).toEqual([]);

    const later = {
      ...strict,
      props: { metadata: { namespace: unknownSentinel }, spec: { mtls: { mode: "STRICT" } } },
    };
    expect((await server.analyze([mesh, chart, child, later], platform)).findings).toMatchObject([
      {
        status: "undetermined",
        enforcement: "mandatory",
        urn: "urn:pulumi:prod-platform::serin::pulumi:pulumi:Stack::serin-prod-platform",
      },
    ]);
  });

  it("answers several stacks asked at once, each in its own environment", async () => {
    const results = await Promise.all(
      ["dev-models", "prod-models"].map((stack) =>
        server.analyze([deployment("tagged", "a:1")], { stack, project: "serin" }),
      ),
    );
    expect(results.map(({ findings }) => findings[0]?.enforcement)).toEqual(["advisory", "mandatory"]);
  });
});

describe("starting and ending", () => {
  it("is started by the engine's own entry point as well", async () => {
    const entry = fileURLToPath(import.meta.resolve("@pulumi/pulumi/cmd/run-policy-pack/index.js"));
    const exempted = resource("kubernetes:core/v1:Pod", "tagged", {
      spec: { containers: [{ name: "a", image: "a:1" }] },
    });
    const urn = exempted.urn.replace("prod-models", "dev-models-dc-lab");
    const declaring = projectWith({
      dev: { exemptions: [{ ...exemption, resource: urn.replace("-dc-lab", ""), expires: "9999-12-31" }] },
    });
    const child = spawn(process.execPath, [entry, "127.0.0.1:1", pack], {
      cwd: pack,
      env: { PULUMI_NODEJS_STACK: "dev-models", SERIN_PROJECT: declaring },
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const port = await new Promise<number>((resolve) =>
        createInterface({ input: child.stdout }).once("line", (line) => resolve(Number(line))),
      );
      const client = new PolicyClient(port, 10_000);
      const info = await client.info();
      const config = new Map(info.getInitialconfigMap().entries());
      // The engine gives each policy properties, if only none.
      for (const one of config.values()) if (!one.hasProperties()) one.setProperties(new struct.Struct());
      await client.configure(config);
      const found = async (of: string) => (await client.analyze({ ...exempted, urn: of })).diagnostics.length;
      // What a plan shows as exempted, the pack leaves out here.
      expect([await found(urn), await found(`${urn}-2`)]).toEqual([0, 1]);
      client.close();
      expect(info.getPoliciesList().map((policy) => policy.getName())).toEqual(policies.map(({ name }) => name));
      const levels = [...info.getInitialconfigMap().entries()].map(([name, config]) => [
        name,
        config.getEnforcementlevel(),
      ]);
      expect(Object.fromEntries(levels)).toMatchObject({ "image-require-digest": 0, "gpu-require-limits-only": 1 });
    } finally {
      child.kill("SIGKILL");
      rmSync(declaring, { recursive: true });
    }
  });

  it("says why a pack does not start, without a stack trace of ours", async () => {
    const folder = mkdtempSync(join(tmpdir(), "serin-pack-"));
    try {
      writeFileSync(join(folder, "package.json"), `{ "version": "0.0.1", "main": "main.js" }`);
      writeFileSync(join(folder, "main.js"), `console.error("missing module"); process.exit(3);`);
      const server = startPolicyServer({ pack: folder });
      await expect(server.analyze([], { stack: "dev-models", project: "serin" })).rejects.toThrow(
        `The policy pack did not start:\n  - ${folder}: it ended before it printed its port.\nmissing module`,
      );
      await server.stop();

      writeFileSync(join(folder, "main.js"), `console.log("hello");`);
      const chatty = startPolicyServer({ pack: folder });
      await expect(chatty.analyze([], { stack: "dev-models", project: "serin" })).rejects.toThrow('it printed "hello"');
      await chatty.stop();

      writeFileSync(join(folder, "main.js"), `setInterval(() => {}, 1000);`);
      const silent = startPolicyServer({ pack: folder, timeoutMs: 300 });
      await expect(silent.analyze([], { stack: "dev-models", project: "serin" })).rejects.toThrow(
        "no port within 0.3 s",
      );
      await silent.stop();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("says which rule broke, on what, without the secrets it was given", async () => {
    const folder = mkdtempSync(join(tmpdir(), "serin-pack-"));
    writeFileSync(join(folder, "package.json"), `{ "version": "0.0.1", "type": "module", "main": "main.js" }`);
    const rule = `({ props }) => { throw new TypeError("cannot split " + props.data); }`;
    writeFileSync(
      join(folder, "main.js"),
      `import { PolicyPack } from ${JSON.stringify(import.meta.resolve("@pulumi/policy"))};
       new PolicyPack("broken", { policies: [{ name: "a-require-b", description: "B.", validateResource: ${rule} }] });`,
    );
    const server = startPolicyServer({ pack: folder });
    try {
      const map = resource("kubernetes:core/v1:ConfigMap", "settings", { data: secret("hush-hush") });
      const analysis = server.analyze([map], { stack: "dev-models", project: "serin" });
      await expect(analysis).rejects.toThrow(
        /^The policies could not check stack "dev-models":\n {2}- urn:pulumi:.*::settings: .*'a-require-b'.*cannot split \[secret\]/s,
      );
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true });
    }
  });

  it("does not wait for ever for an answer", async () => {
    const deaf = createServer().listen(0, "127.0.0.1");
    await once(deaf, "listening");
    const client = new PolicyClient((deaf.address() as AddressInfo).port, 200);
    await expect(client.info()).rejects.toThrow("DEADLINE_EXCEEDED");
    client.close();
    deaf.close();
  });

  it("ends the pack when it is interrupted", async () => {
    const interruption = new AbortController();
    const server = startPolicyServer({ signal: interruption.signal });
    const analysis = server.analyze([], { stack: "dev-models", project: "serin" });
    interruption.abort(new Error("Interrupted."));
    await expect(analysis).rejects.toThrow("Interrupted.");
    await server.stop();
  });

  it("leaves no process behind when its parent is killed outright", async () => {
    const module = fileURLToPath(new URL("../../../plan/policies/policyProcess.ts", import.meta.url));
    const program = `
      import { PolicyProcess } from ${JSON.stringify(module)};
      const pack = new PolicyProcess(${JSON.stringify(pack)}, 10_000);
      await pack.port;
      console.log(pack.pid);`;
    await expectChildToEndWithParent(program);
  });
});
