import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const lightSdk = fileURLToPath(new URL("../../engine/lightSdk.ts", import.meta.url));

/** What a module prints that runs in a process of its own, after `lightSdk`. */
function printed(program: string): unknown {
  const source = `
    import ${JSON.stringify(lightSdk)};
    import { createRequire } from "node:module";
    const loaded = (part) => Object.keys(createRequire(${JSON.stringify(lightSdk)}).cache).some((file) => file.includes(part));
    const pulumi = await import(${JSON.stringify(import.meta.resolve("@pulumi/pulumi"))});
    ${program}`;
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", source], { encoding: "utf8" });
  return JSON.parse(output);
}

it("leaves out the compiler and the dependency resolver of Pulumi's SDK", () => {
  expect(
    printed(`console.log(JSON.stringify([loaded("automation/stack.js"), loaded("typescript"), loaded("grpc-js")]))`),
  ).toEqual([false, false, true]);
});

it("loads them when they are used", () => {
  const program = `
    const automation = await import(${JSON.stringify(import.meta.resolve("@pulumi/pulumi/automation/index.js"))});
    const { text } = await pulumi.runtime.serializeFunction(() => 42);
    console.log(JSON.stringify([
      typeof pulumi.automation.LocalWorkspace.create,
      automation.LocalWorkspace === pulumi.automation.LocalWorkspace,
      text.includes("42"),
      loaded("automation/stack.js"),
      loaded("typescript"),
    ]));`;
  expect(printed(program)).toEqual(["function", true, true, true, true]);
});
