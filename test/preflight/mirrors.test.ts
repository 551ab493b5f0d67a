import { expect, it, vi } from "vitest";
import type { ClusterSpec } from "../../components/cluster/clouds.ts";
import type { ImageAccess } from "../../preflight/imageAccess.ts";
import { Preflight } from "../../preflight/preflight.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import { shop } from "../fixtures/shop.ts";

const away = { kind: "unreachable", detail: "no answer in time" } as const;
const imageAccess = vi.hoisted(() => vi.fn());
vi.mock(import("../../preflight/imageAccess.ts"), () => ({ imageAccess }));

it("asks each cluster's mirror for the images of the models, and of it alone what that cluster needs", async () => {
  imageAccess.mockImplementation(
    (images: readonly string[]): Promise<ImageAccess[]> =>
      Promise.resolve(
        [...new Set(images)].map((image) => {
          const registry = image.split("/")[0] ?? "";
          return { image, registry, as: "anonymous", outcome: registry === "nvcr.io" ? { kind: "there" } : away };
        }),
      ),
  );
  const site = {
    ...shop.clusters.site,
    settings: { registryMirror: { images: "registry.fra.example.com/mirror" } },
  } as ClusterSpec;
  const environment: Environment = { ...shop, clusters: { aws: shop.clusters.aws, site } };
  const unknown = { unknown: "not deployed", later: true } as const;
  const reports = await new Preflight(environment, { signal: new AbortController().signal }).examine({
    aws: unknown,
    site: unknown,
  });
  expect(imageAccess).toHaveBeenCalledTimes(1);
  expect(reports.map(({ cluster, checks }) => [cluster, checks.map(({ status, found }) => [status, found])])).toEqual([
    ["aws", [["passed", "nvcr.io (anonymous)"]]],
    ["site", [["warning", "registry.fra.example.com: no answer in time"]]],
  ]);
});
