import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import type { Model } from "../../../../components/model/model.ts";
import { validateModel } from "../../../../components/model/modelProblems.ts";
import { sound } from "../fixtures.ts";

it("refuses a kind of release that does not exist, with those that do", () => {
  const misspelt = { ...sound, release: { ...sound.release, kind: "canery" } } as unknown as Model;
  const [problem] = validateModel("fraud", misspelt);
  expect(problem).toMatchObject({ path: "release.kind", reason: expect.stringContaining('"canery"') });
  expect(problem?.reason).toContain('"canary"');
});

it("no code outside the strategies' folders branches on the kind of a release", () => {
  const root = fileURLToPath(new URL("../../../..", import.meta.url));
  const rooms = ["components", "stacks", "engine", "plan", "preflight", "diagnosis", "rehearsal", "embedded", "cli"];
  const branch = /release\.(weights|bake|confidence|metricsOutage)\b|"canary"|kind === "\w*(canary|blueGreen)/;
  const files = rooms
    .flatMap((room) =>
      readdirSync(join(root, room), { recursive: true, encoding: "utf8" }).map((file) => `${room}/${file}`),
    )
    .filter(
      (file) => file.endsWith(".ts") && !/^components\/model\/strategies\/|^stacks\/(environments|models)\//.test(file),
    );
  const found = files.flatMap((file) =>
    readFileSync(join(root, file), "utf8")
      .split("\n")
      .filter((line) => branch.test(line) && !/^\s*(\*|\/\/|\/\*)/.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
  // The name of a subset and the heading of a column are words of Istio and of the table.
  expect(found).toEqual([
    'components/model/objectNames.ts: export const subsets = { canary: "canary", stable: "stable" } as const;',
    'cli/verbs/status.ts: columns(["model", "version", "state", "canary", "verdicts"], models.map(modelRow), [3]),',
  ]);
});
