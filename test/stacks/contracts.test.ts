import { pathToFileURL } from "node:url";
import { execa } from "execa";
import { expect, it } from "vitest";

const contracts = pathToFileURL(new URL("../../stacks/contracts.ts", import.meta.url).pathname).href;

/** Declares a reference in a process of its own, as the engine runs a program, and answers like it for what is not there. */
async function reading(
  cluster: string | undefined,
  { layer = "platform", clusterStack }: { layer?: string; clusterStack?: string } = {},
): Promise<string> {
  const { stderr } = await execa(process.execPath, ["--input-type=module-typescript"], {
    cwd: new URL("../..", import.meta.url),
    reject: false,
    input: `
      import * as pulumi from "@pulumi/pulumi";
      import { layerReference } from ${JSON.stringify(contracts)};
      const newResource = ({ id }) => { throw new Error('unknown stack "' + id + '"'); };
      pulumi.runtime.setMocks({ newResource, call: () => ({}) }, "serin", "s", false, "ada");
      pulumi.runtime.setAllConfig(${JSON.stringify(clusterStack === undefined ? {} : { "serin:clusterStack": clusterStack })});
      process.on("unhandledRejection", (error) => console.error(String(error)));
      layerReference({ environment: { name: "prod" }, layer: "models", cluster: ${JSON.stringify(cluster)} }, ${JSON.stringify(layer)});`,
  });
  return stderr;
}

it("names the stack to bring up, when the engine does not know the one that is read", async () => {
  expect(await reading(undefined)).toContain(
    'stack: it reads what stack "prod-platform" published, and that cannot be read. Run: pulumi up -s prod-platform',
  );
});

it("says that a stack that is narrowed to a cluster reads stacks that are as narrow", async () => {
  expect(await reading("aws-use1")).toContain(
    'it reads what stack "prod-platform-aws-use1" published, and that cannot be read. A stack that is narrowed to one cluster reads stacks that are as narrow. Run: pulumi up -s prod-platform-aws-use1',
  );
});

it("reads the cluster layer of all clusters where configuration names its stack", async () => {
  const configured = { layer: "cluster", clusterStack: "prod-cluster" };
  expect(await reading("aws-use1", configured)).toContain(
    'it reads what stack "prod-cluster" published, and that cannot be read. Run: pulumi up -s prod-cluster\n',
  );
  expect(await reading("aws-use1", { ...configured, layer: "platform" })).toContain('"prod-platform-aws-use1"');
  expect(await reading("aws-use1", { layer: "cluster" })).toContain(
    "Where prod-cluster holds all clusters, run: pulumi config set clusterStack prod-cluster -s s.",
  );
});

it("refuses a cluster layer of another environment", async () => {
  expect(await reading("aws-use1", { layer: "cluster", clusterStack: "dev-cluster" })).toContain(
    'serin:clusterStack: "dev-cluster" is not "prod-cluster", the stack of all clusters.',
  );
});
