import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { parse } from "yaml";
import { smallProcess } from "../../plan/smallProcess.ts";
import { configuredValue, secretsProviderOf } from "../../stacks/project.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));

it.each(["Pulumi.yaml", ...globSync("examples/*/Pulumi.yaml", { cwd: checkout })])(
  "Pulumi runs the program that %s names, and not the library that package.json exports",
  (file) => {
    const { main } = parse(readFileSync(join(checkout, file), "utf8"));
    expect(main).toMatch(/^(stacks\/)?index\.ts$/);
    expect(existsSync(join(checkout, dirname(file), main))).toBe(true);
  },
);

it.each(["Pulumi.yaml", ...globSync("examples/*/Pulumi.yaml", { cwd: checkout })])(
  "%s starts Node with the small heap of a plan",
  (file) => {
    const { runtime } = parse(readFileSync(join(checkout, file), "utf8"));
    expect(smallProcess.execArgv.join(" ")).toContain(runtime.options.nodeargs);
    expect(runtime.options.nodeargs).toContain("--heap-growing-percent");
  },
);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serin-project-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it.each<[string, string, string]>([
  ["beside Pulumi.yaml", "name: shop\n", "."],
  ["in the folder that Pulumi.yaml names", "name: shop\nstackConfigDir: stacks\n", "stacks"],
])("finds what encrypts a stack's secrets in its settings %s", (_, pulumiYaml, settings) => {
  writeFileSync(join(folder, "Pulumi.yaml"), pulumiYaml);
  mkdirSync(join(folder, settings), { recursive: true });
  const file = join(folder, settings, "Pulumi.prod-cluster.yaml");
  writeFileSync(file, "secretsprovider: awskms://alias/pulumi?region=us-east-1\nencryptedkey: AQ==\n");
  expect(secretsProviderOf("prod-cluster", folder)).toBe("awskms://alias/pulumi?region=us-east-1");
  writeFileSync(file, "config:\n  shop:note: |\n    secretsprovider: none\n");
  expect(secretsProviderOf("prod-cluster", folder)).toBeUndefined();
  expect(secretsProviderOf("prod-eu-cluster", folder)).toBeUndefined();
});

it("finds a stack's plain configuration values, and no secret", () => {
  writeFileSync(join(folder, "Pulumi.yaml"), "name: shop\n");
  writeFileSync(
    join(folder, "Pulumi.prod-cluster.yaml"),
    'config:\n  shop:awsAccount: "123456789012"\n  shop:gcpProject: shop-1\n  shop:key:\n    secure: AQ==\n  other:azureTenant: a\n',
  );
  const value = (key: string) => configuredValue("prod-cluster", key, folder);
  expect(["awsAccount", "gcpProject", "key", "azureTenant", "x"].map(value)).toEqual([
    "123456789012",
    "shop-1",
    undefined,
    undefined,
    undefined,
  ]);
  expect(configuredValue("dev-cluster", "awsAccount", folder)).toBeUndefined();
});
