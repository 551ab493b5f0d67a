import { globSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { clouds } from "../../../components/cluster/clouds.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** The folder of each cloud: the one with its adapter. */
const folders = globSync("components/cluster/*/*Adapter.ts", { cwd: root }).map((file) => `${dirname(file)}/`);

/** Where a cloud's name may stand: its own folder, the record of clouds, and the environments, which choose a cloud. */
const isHome = (file: string) =>
  folders.some((folder) => file.startsWith(folder)) ||
  file === "components/cluster/clouds.ts" ||
  file.startsWith("stacks/environments/");

/** Lines that name a cloud without a branch: the argument of a chart, the label prefixes that no label may have on any cloud, an ARN. */
const withoutBranch = [
  `components/platform/clusterAutoscaler.ts: cloudProvider: "aws",`,
  `components/platform/certificate.ts: example: "arn:aws:iam::123456789012:role/dns",`,
  `components/cluster/labels.ts: const reservedBeginnings = ["aws", "azure", "microsoft", "windows", "goog", "kubernetes", "serin"];`,
];

/** Lines of code in which a cloud's key is a string or the key of an object. */
function mentions(file: string): string[] {
  const names = Object.keys(clouds).join("|");
  const key = new RegExp(`"(${names})"|\\b(${names}):|\\bcase (${names})\\b`);
  return readFileSync(join(root, file), "utf8")
    .split("\n")
    .filter((line) => key.test(line) && !/^\s*(\*|\/\/|\/\*)/.test(line))
    .map((line) => `${file}: ${line.trim()}`);
}

it("finds the folder of every cloud", () => {
  expect(folders.length).toBe(Object.keys(clouds).length);
});

it.each(folders.map((folder) => basename(folder)))("%s can be imported alone, and with everything", (service) => {
  const text = (file: string) => readFileSync(join(root, file), "utf8");
  const built = `./dist/components/cluster/${service}/index`;
  expect(JSON.parse(text("package.json")).exports[`./cluster/${service}`]).toEqual({
    types: `${built}.d.ts`,
    default: `${built}.js`,
  });
  expect(text("components/index.ts")).toContain(`export * from "./cluster/${service}/index.ts";`);
  expect(JSON.parse(text("typedoc.json")).entryPoints).toContain(`components/cluster/${service}/index.ts`);
});

it("no code outside a cloud's folder branches on its name", () => {
  const rooms = [
    "components",
    "stacks",
    "policies",
    "engine",
    "plan",
    "preflight",
    "diagnosis",
    "rehearsal",
    "embedded",
    "cli",
  ];
  const files = rooms.flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: "utf8" }).map((file) => `${room}/${file}`),
  );
  const found = files.filter((file) => file.endsWith(".ts") && !isHome(file)).flatMap(mentions);
  expect(found.filter((line) => !withoutBranch.includes(line))).toEqual([]);
});
