import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { prometheusPage } from "../../../embedded/toolchain/prometheusPage.ts";
import { context, program, temporaryFolder } from "./fixtures.ts";

let module: string;
beforeEach(() => {
  module = temporaryFolder();
  mkdirSync(join(module, "web/ui"), { recursive: true });
});
afterEach(() => void vi.unstubAllEnvs());

/** An `npm` whose build of the page is this script. */
function fakeNpm(build: string): void {
  const bin = temporaryFolder();
  program(bin, "npm", `case "$1" in exec) ${build} ;; esac`);
  vi.stubEnv("PATH", `${bin}${delimiter}${process.env.PATH}`);
}

it("is put into the module, compressed, as Prometheus' own build does", async () => {
  fakeNpm(
    "mkdir -p mantine-ui/dist/assets; echo page > mantine-ui/dist/index.html; echo js > mantine-ui/dist/assets/a.js",
  );
  expect(await prometheusPage(module, context())).toEqual(["builtinassets"]);
  const file = (name: string) =>
    gunzipSync(readFileSync(join(module, "web/ui/static/mantine-ui", `${name}.gz`))).toString();
  expect([file("index.html"), file("assets/a.js")]).toEqual(["page\n", "js\n"]);
  expect(readFileSync(join(module, "web/ui/embed.go"), "utf8")).toContain("//go:embed static\nvar EmbedFS embed.FS");
});

it.each([
  ["npm fails", "echo no network >&2; exit 1", "no network"],
  ["npm makes nothing", "mkdir -p mantine-ui/dist", "made no files"],
])("is left out where %s, and the reason is said", async (_, build, reason) => {
  fakeNpm(build);
  const progress = vi.fn();
  expect(await prometheusPage(module, context({ progress }))).toEqual([]);
  expect(progress).toHaveBeenLastCalledWith(expect.stringMatching(new RegExp(`^without its page: .*${reason}`)));
  expect(existsSync(join(module, "web/ui/embed.go"))).toBe(false);
});

it("is not left out in silence where the run is interrupted", async () => {
  fakeNpm("sleep 60");
  const interruption = new AbortController();
  const building = prometheusPage(module, context({ signal: interruption.signal }));
  setTimeout(() => interruption.abort(new Error("interrupted")), 300);
  await expect(building).rejects.toThrow("interrupted");
});
