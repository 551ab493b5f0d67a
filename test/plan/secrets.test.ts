import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { formatted, planFormats } from "../../cli/planFormats.ts";
import { changesBetween } from "../../plan/changes.ts";
import { type Plan, planEnvironment } from "../../plan/plan.ts";
import type { PlanDocument } from "../../plan/planDocument.ts";
import { planJson } from "../../plan/planJson.ts";
import { changesText, planSummary, planText } from "../../plan/planText.ts";
import { planInWorkers } from "../../plan/planWorkers.ts";
import { Spool } from "../../plan/spool.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import { prod } from "../../stacks/environments/prod.ts";
import { textOf } from "./memoryPlan.ts";

vi.setConfig({ testTimeout: 120_000 });

/** Stands in every secret and nowhere else. */
const mark = "plantedplantedplantedplanted";

/** A data centre with every kind of secret there is: a kubeconfig and the keys of a store. */
const site = prod.clusters["dc-fra"];
const environment: Environment = { ...prod, name: "secretive", clusters: { one: site, two: site } };

const secrets: Readonly<Record<string, string>> = Object.fromEntries(
  secretNames(environment).map((name) => [
    `serin:${name}`,
    name === site.kubeconfig.secret ? kubeconfig() : `${mark}-${name}`,
  ]),
);
const config = { config: secrets, secretKeys: Object.keys(secrets) };
const never = new AbortController().signal;

let pack: string;
beforeAll(() => {
  pack = quotingPack();
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", `${mark}-environment`);
});
afterAll(() => {
  rmSync(pack, { recursive: true });
  vi.unstubAllEnvs();
});

it("plants a secret for each name the environment gives one", () => {
  expect(Object.keys(secrets)).toEqual(["serin:dcFraKubeconfig", "serin:dcFraStoreKeyId", "serin:dcFraStoreKey"]);
});

describe.each([
  ["one process", 1],
  ["several processes", 2],
])("a plan made in %s", (_, processes) => {
  let plan: Plan;
  beforeAll(async () => {
    plan = await planEnvironment(environment, never, { processes, config, pack });
  }, 120_000);
  afterAll(() => plan.remove());

  it("has used the secrets, and shown that they are some", async () => {
    expect(plan.stacks.map(({ missingConfig }) => missingConfig)).toEqual([[], [], []]);
    expect((await textOf(planJson(plan))).match(/"\[secret\]"/g)?.length).toBeGreaterThan(4);
    const findings = plan.stacks.flatMap(({ policies }) => policies.findings);
    expect(findings.filter(({ message }) => message.includes("[secret]")).length).toBeGreaterThan(5);
  });

  it("holds none of them in any format", async () => {
    const nothing: PlanDocument = { environment: environment.name, stacks: [], releases: [], exemptions: [] };
    const changes = await changesBetween(nothing, plan);
    expectNoSecret(await textOf(planJson(plan)));
    expectNoSecret(await textOf(planJson(plan, changes)));
    expectNoSecret(await textOf(planText(plan)));
    expectNoSecret(changesText(changes, plan, { kind: "unknown" }));
    expectNoSecret(planSummary(plan));
    const at = () => ({ file: "stacks/environments/secretive.ts", line: 1 });
    for (const format of planFormats) {
      expectNoSecret(await textOf(formatted({ environment, plan, declaredAt: at }, format)));
      expectNoSecret(
        await textOf(
          formatted({ environment, plan, changes, costChange: { kind: "unknown" }, declaredAt: at }, format),
        ),
      );
    }
    // What is in memory, too.
    expectNoSecret(JSON.stringify(plan));
  });
});

it("writes none of them to disk and sends none between processes", async () => {
  const spool = Spool.create();
  const plans = await planInWorkers(environment, { processes: 2, spool, signal: never, config, pack });
  expectNoSecret(JSON.stringify(plans));
  const files = readdirSync(spool.folder);
  expect(files).toHaveLength(6);
  for (const file of files) expectNoSecret(readFileSync(join(spool.folder, file), "utf8"));
  spool.remove();
});

describe("an error quotes none of them", () => {
  it.each([1, 2])("when a rule breaks with all it was given, in %d processes", async (processes) => {
    const broken = quotingPack(
      `const all = leaves(props).join(" "); if (all.includes("planted")) throw new TypeError(all);`,
    );
    const error = await failure(planEnvironment(environment, never, { processes, config, pack: broken }));
    rmSync(broken, { recursive: true });
    expect(error.message).toContain("[secret]");
    expectNoSecret(`${error.message}${error.stack}${JSON.stringify(error)}`);
  });

  it.each([1, 2])("when a program does, in %d processes", async (processes) => {
    // Configuration that is wrong is quoted by whoever reads it.
    const wrong = {
      config: { ...secrets, "serin:versions": `{"${mark}":"1"}` },
      secretKeys: [...config.secretKeys, "serin:versions"],
    };
    const error = await failure(planEnvironment(environment, never, { processes, config: wrong }));
    expect(error.message).toContain("[secret]");
    expectNoSecret(`${error.message}${error.stack}${JSON.stringify(error)}`);
  });
});

function expectNoSecret(text: string): void {
  const hex = Buffer.from(mark).toString("hex");
  const base64 = [btoa(mark).slice(0, 24), btoa(`-${mark}`).slice(2, 26), btoa(`--${mark}`).slice(4, 28)];
  const encoded = [mark, hex, hex.toUpperCase(), ...base64];
  for (const form of encoded) {
    const at = text.indexOf(form);
    expect(at === -1 ? "" : text.slice(Math.max(0, at - 120), at + 60)).toBe("");
  }
}

async function failure(plan: Promise<Plan>): Promise<Error> {
  const error = await plan.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof Error) return error;
  throw new Error(`expected an error, got ${error}`);
}

/** What stands behind `{ secret: name }` anywhere in a declaration. */
function secretNames(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  if ("secret" in value && typeof value.secret === "string") return [value.secret];
  return [...new Set(Object.values(value).flatMap(secretNames))];
}

function kubeconfig(): string {
  return [
    "apiVersion: v1",
    "kind: Config",
    'clusters: [{ name: c, cluster: { server: "https://api.fra.example.com" } }]',
    `users: [{ name: u, user: { token: "${mark}-token" } }]`,
    "contexts: [{ name: c, context: { cluster: c, user: u } }]",
    "current-context: c",
    "",
  ].join("\n");
}

/** A policy pack that says all it knows, in every way a rule may put it. */
function quotingPack(then = ""): string {
  const folder = mkdtempSync(join(tmpdir(), "serin-pack-"));
  writeFileSync(join(folder, "package.json"), `{ "version": "0.0.1", "type": "module", "main": "main.js" }`);
  writeFileSync(
    join(folder, "main.js"),
    `import { PolicyPack } from ${JSON.stringify(import.meta.resolve("@pulumi/policy"))};
     const leaf = (read) => { try { return leaves(read()); } catch { return []; } };
     const leaves = (value) =>
       typeof value === "object" && value !== null ? Object.keys(value).flatMap((key) => leaf(() => value[key])) : [String(value)];
     const quoted = (text) => [text, JSON.stringify({ text }), btoa(text), encodeURIComponent(text),
       Buffer.from(text).toString("hex"), btoa("user:" + text), btoa("u:" + text), ...text.split(/[\\n"]/)];
     const validateResource = ({ props }, report) => {
       for (const text of leaves(props).filter((text) => /^[\\x00-\\x7f]+$/.test(text))) report(quoted(text).join(" | "));
       ${then}
     };
     new PolicyPack("quoting", { policies: [{ name: "a-quote-all", description: "All.", validateResource }] });`,
  );
  return folder;
}
