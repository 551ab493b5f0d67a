import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, it } from "vitest";
import { exitCodes } from "../../../components/core/problem.ts";
import { missingTool } from "../../engine-run/missingTool.ts";

const script = fileURLToPath(new URL("../../engine-run/run.ts", import.meta.url));
const run = (path: string) => execa(process.execPath, [script], { reject: false, env: { PATH: path } });

it("is not counted as passed where the CLI or the provider is missing", async () => {
  const node = dirname(process.execPath);
  expect(await run(node)).toMatchObject({
    exitCode: exitCodes.unavailable,
    stdout: "",
    stderr: "The conformance suite was not run with the real engine, because the Pulumi CLI is not on PATH.",
  });
  const directory = await mkdtemp(join(tmpdir(), "serin-fake-cli-"));
  await writeFile(join(directory, "pulumi"), `#!${process.execPath}\nconsole.log("[]");\n`);
  await chmod(join(directory, "pulumi"), 0o755);
  const { exitCode, stderr } = await run(`${directory}${delimiter}${node}`);
  expect(exitCode).toBe(exitCodes.unavailable);
  expect(stderr).toContain("the Kubernetes provider is not installed");

  // The provider answers any option that it does not know with its usage and exit code 2.
  await writeFile(join(directory, "pulumi-resource-kubernetes"), `#!${process.execPath}\nprocess.exit(2);\n`);
  await chmod(join(directory, "pulumi-resource-kubernetes"), 0o755);
  expect(await missingTool(`${directory}${delimiter}${node}`)).toBeUndefined();
  await rm(directory, { recursive: true });
});
