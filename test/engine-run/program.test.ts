import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ControlPlane, startControlPlane } from "../embedded-run/controlPlane.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));

/** A checkout in a folder of its own, whose stacks are configured there: everything in it is linked, but Pulumi.yaml. */
async function linkedCheckout(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "serin-checkout-"));
  for (const name of await readdir(checkout)) {
    if (name !== "Pulumi.yaml" && !name.startsWith(".")) await symlink(join(checkout, name), join(folder, name));
  }
  const project = await readFile(join(checkout, "Pulumi.yaml"), "utf8");
  await writeFile(join(folder, "Pulumi.yaml"), project.replace(/^stackConfigDir:.*\n/m, ""));
  return folder;
}

describe("pulumi up of a checkout", () => {
  let plane: ControlPlane;
  let folder: string;
  let state: string;
  beforeAll(async () => {
    plane = await startControlPlane();
    folder = await linkedCheckout();
    state = await mkdtemp(join(tmpdir(), "serin-checkout-state-"));
  });
  afterAll(async () => {
    await plane?.stop();
    for (const one of [folder, state]) await rm(one, { recursive: true, force: true });
  });

  const pulumi = (args: readonly string[], input?: string) =>
    execa("pulumi", [...args, "--non-interactive"], {
      cwd: folder,
      ...(input === undefined ? {} : { input }),
      env: {
        PULUMI_BACKEND_URL: pathToFileURL(state).href,
        PULUMI_CONFIG_PASSPHRASE: "",
        PULUMI_SKIP_UPDATE_CHECK: "true",
      },
    });

  it("runs the program of the stacks, and changes nothing the second time", async () => {
    await pulumi(["stack", "init", "dev-cluster"]);
    await pulumi(["config", "set", "--secret", "dcLabKubeconfig"], plane.kubeconfig);
    await pulumi(["up", "--yes", "--skip-preview"]);
    await pulumi(["up", "--yes", "--skip-preview", "--expect-no-changes"]);
    const { stdout } = await pulumi(["stack", "output", "clusters", "--json"]);
    expect(JSON.parse(stdout)).toHaveProperty("dc-lab.clusterIdentifier", "serin/dc-lab");
  });
});
