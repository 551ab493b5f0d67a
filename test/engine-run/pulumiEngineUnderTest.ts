import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type EngineEvent, LocalWorkspace } from "@pulumi/pulumi/automation/index.js";
import { type EngineUnderTest, providerOf, type Resources } from "../engine/conformance/engineUnderTest.ts";
import type { TestCluster } from "../engine/conformance/liveEngineUnderTest.ts";

const actions: Readonly<Partial<Record<string, string>>> = {
  create: "created",
  update: "updated",
  same: "unchanged",
  replace: "replaced",
  delete: "deleted",
};

/** The Pulumi CLI on PATH and its Kubernetes provider, with a state of their own in a temporary folder. */
export async function pulumiEngineUnderTest(cluster: TestCluster): Promise<EngineUnderTest> {
  const { kubeconfig, client, namespace } = cluster;
  const directory = await mkdtemp(join(tmpdir(), "serin-conformance-"));
  const backend = pathToFileURL(directory).href;
  const stackOf = (stack: string, resources: Resources, takeOver = false) =>
    LocalWorkspace.createOrSelectStack(
      {
        stackName: stack,
        projectName: "conformance",
        program: async () => void resources({ provider: providerOf(kubeconfig, takeOver) }),
      },
      {
        projectSettings: { name: "conformance", runtime: "nodejs", backend: { url: backend } },
        envVars: { PULUMI_BACKEND_URL: backend, PULUMI_CONFIG_PASSPHRASE: "", PULUMI_SKIP_UPDATE_CHECK: "true" },
      },
    );
  return {
    namespace,
    async up(resources, { stack = "first", takeOver = false } = {}) {
      const events: string[] = [];
      const onEvent = ({ resOutputsEvent }: EngineEvent) => {
        const { op = "", type = "", urn = "" } = resOutputsEvent?.metadata ?? {};
        const action = actions[op];
        if (action !== undefined && type.startsWith("kubernetes:")) events.push(`${action} ${urn.split("::").pop()}`);
      };
      await (await stackOf(stack, resources, takeOver)).up({ onEvent, color: "never" });
      return events.sort();
    },
    async destroy(stack = "first") {
      await (await stackOf(stack, () => {})).destroy({ color: "never" });
    },
    async preview(resources) {
      await (await stackOf("first", resources)).preview({ color: "never" });
    },
    send: (request) => client.send(request),
    async stop() {
      await cluster.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
