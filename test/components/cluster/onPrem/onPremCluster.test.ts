import { describe, expect, it } from "vitest";
import type { OnPremClusterArgs } from "../../../../components/cluster/onPrem/onPremArgs.ts";
import { validateOnPremCluster } from "../../../../components/cluster/onPrem/onPremProblems.ts";
import { Recorder } from "../../../../engine/recorder/recorder.ts";
import type { Reading } from "../../../../engine/resourceMonitor.ts";
import { runProgram } from "../../../../engine/runProgram.ts";
import { secretSignature } from "../../../../engine/sdkInternals.ts";
import { inputsOf, type Recorded, recorded } from "../harness.ts";
import { answers, build, renderedArgs, sampleArgs } from "./sample.ts";

/** The problems of the sample after a change, as printed. `wrong` may say what no type allows: data can. */
function problems(wrong: object, args: OnPremClusterArgs = sampleArgs): string[] {
  return validateOnPremCluster({ ...args, ...wrong }).map(({ path, reason, fix }) =>
    [`${path}:`, reason, fix].join(" "),
  );
}

const run = (args: OnPremClusterArgs, known = true) =>
  recorded(
    () => {
      const { kubeconfig, clusterIdentifier, modelStore, settings } = build(args);
      return { kubeconfig, clusterIdentifier, modelStore, settings };
    },
    known ? answers : undefined,
  );

/** What a cluster reads while it is built, by id. */
async function readBy(args: OnPremClusterArgs): Promise<string[]> {
  const ids: string[] = [];
  class Listener extends Recorder {
    override read(reading: Reading) {
      ids.push(reading.id);
      return super.read(reading);
    }
  }
  const options = { project: "serin", stack: "test-cluster", monitor: new Listener(), preview: true };
  await runProgram(() => ({ uid: build(args).clusterIdentifier }), options);
  return ids;
}

const custom = ({ resources }: Recorded) => resources.filter((resource) => resource.custom).map(({ type }) => type);

describe("what it refuses", () => {
  it("is nothing of a sound cluster, reached or rendered for", () => {
    expect([...problems({}), ...problems({}, renderedArgs)]).toEqual([]);
  });

  it.each([
    [
      "no identity",
      sampleArgs,
      { clusterIdentifier: "" },
      'clusterIdentifier: "" is not a name of 1 to 253 characters. Write a name that never changes, such as the cluster\'s key.',
    ],
    [
      "a label that a cloud beside it could not carry",
      sampleArgs,
      { labels: { Region: "fra" } },
      'labels["Region"]: "Region" cannot be a label on every cloud: 1 to 63 of a-z, 0-9, "-" and "_", first a letter, last no sign. Write, for example, "cost-center".',
    ],
    [
      "a pool whose name is none",
      sampleArgs,
      { gpuPools: { L4: { ...sampleArgs.gpuPools.l4 } } },
      'gpuPools["L4"]: "L4" is not a DNS label of at most 20 characters (a-z, 0-9 and "-", first a letter). Write "l4".',
    ],
    [
      "a pool that cannot work",
      sampleArgs,
      { gpuPools: { l4: { ...sampleArgs.gpuPools.l4, nodes: 1.5 } } },
      'gpuPools["l4"].nodes: 1.5 is not a whole number of at least 0. Write 0 or more.',
    ],
    [
      "a cluster that cannot be reached",
      sampleArgs,
      { kubeconfig: undefined },
      'kubeconfig: there is none. Give the cluster\'s, or write settings: { access: { kind: "rendered", directory: "rendered" } } for a site that cannot be reached.',
    ],
    [
      "credentials that nothing uses",
      renderedArgs,
      { kubeconfig: "…" },
      'kubeconfig: manifests are rendered for this site, so nothing uses it. Remove it, or write settings: { access: { kind: "direct" } }.',
    ],
    [
      "a store's keys in a file",
      renderedArgs,
      { modelStore: sampleArgs.modelStore },
      'modelStore.s3.credentials: manifests are rendered for this site, and a rendered Secret is a file in plain text. Keep the models on a volume of the site, modelStore: { pvc: "model-store" }.',
    ],
  ] as const)("is %s", (_, args, wrong, said) => {
    expect(problems(wrong, args)).toEqual([said]);
  });

  it("is what is wrong with the site's settings and store, by the path they were typed at", () => {
    const paths = validateOnPremCluster({
      ...sampleArgs,
      modelStore: { pvc: "" },
      settings: { runtime: "docker" as "k3s" },
    }).map(({ path }) => path);
    expect(paths).toEqual(["modelStore.pvc", "settings.runtime"]);
  });
});

describe("a cluster that is reached", () => {
  it("is left as it is: nothing is made but the way to it, whatever it declares", async () => {
    for (const known of [true, false]) {
      expect(custom(await run(sampleArgs, known))).toEqual(["pulumi:providers:kubernetes"]);
    }
  });

  it("is known by its name, so new credentials replace nothing", async () => {
    const before = await run(sampleArgs);
    const after = await run({ ...sampleArgs, kubeconfig: "rotated" });
    const provider = (of: Recorded) => inputsOf(of, "pulumi:providers:kubernetes");
    expect(provider(before)).toMatchObject({ clusterIdentifier: "serin/dc-fra", enableServerSideApply: "true" });
    expect(provider(after).clusterIdentifier).toBe(provider(before).clusterIdentifier);
    expect(after.resources.map(({ urn }) => urn)).toEqual(before.resources.map(({ urn }) => urn));
  });

  it("shows neither its credentials nor its store's", async () => {
    const { resources } = await run(sampleArgs);
    const [provider] = resources.filter(({ type }) => type === "pulumi:providers:kubernetes");
    const rest = resources.map(({ props }) => JSON.stringify(props)).join("\n");
    expect(rest).not.toContain("planted");
    expect(JSON.stringify(provider?.props.kubeconfig)).toContain(secretSignature);
  });
});

describe("a site that nobody reaches", () => {
  it("has its manifests written to a folder of the stack and the cluster, and no cluster behind it", async () => {
    const rendered = await run(renderedArgs);
    expect(inputsOf(rendered, "pulumi:providers:kubernetes")).toMatchObject({
      renderYamlToDirectory: "rendered/test-cluster/dc-fra",
      alwaysRender: "true",
      kubeconfig: "",
    });
    expect(inputsOf(rendered, "pulumi:providers:kubernetes")).not.toHaveProperty("clusterIdentifier");
  });

  it("takes nothing from the machine it is rendered on", async () => {
    const before = process.env.KUBECONFIG;
    process.env.KUBECONFIG = "/home/me/.kube/config";
    try {
      expect(inputsOf(await run(renderedArgs), "pulumi:providers:kubernetes").kubeconfig).toBe("");
    } finally {
      if (before === undefined) delete process.env.KUBECONFIG;
      else process.env.KUBECONFIG = before;
    }
  });

  it("is asked nothing, while a cluster that is reached shows that its credentials work", async () => {
    expect(await readBy(renderedArgs)).toEqual([]);
    expect(await readBy(sampleArgs)).toEqual(["kube-system"]);
  });
});
