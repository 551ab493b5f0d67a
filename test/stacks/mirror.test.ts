import { expect, it } from "vitest";
import { type ClusterSpec, cloudOf } from "../../components/cluster/clouds.ts";
import { shown } from "../../plan/shownValues.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import { shop } from "../fixtures/shop.ts";
import { recordLayers } from "../recordLayers.ts";

const registryMirror = { charts: "oci://mirror.example.com/charts", images: "mirror.example.com/images" };

function withMirror(spec: ClusterSpec): ClusterSpec {
  const mirrored =
    spec.cloud === "onPrem" ? { ...spec, settings: { ...spec.settings, registryMirror } } : { ...spec, registryMirror };
  expect(cloudOf(mirrored).settings(mirrored)?.registryMirror).toEqual(registryMirror);
  return mirrored;
}

const clusters = Object.fromEntries(Object.entries(shop.clusters).map(([key, spec]) => [key, withMirror(spec)]));

/** The charts that bring no image of their own. */
const withoutImages = ["base", "gateway"];

it("on every cluster, charts come from its mirror, and the images of charts and models", async () => {
  const resources = await recordLayers({ ...shop, clusters } as Environment);
  const charts = resources
    .filter(({ type }) => type === "kubernetes:helm.sh/v4:Chart")
    .map(({ props }) => shown(props) as { chart: string; values: object });
  const images = resources
    .filter(({ type }) => type.endsWith(":Rollout"))
    .map(({ props }) => /"image":"([^"]+)"/.exec(JSON.stringify(shown(props)))?.[1]);
  expect(charts.length).toBeGreaterThan(10);
  expect(images.length).toBeGreaterThan(2);
  for (const { chart, values } of charts) {
    const name = chart.replace("oci://mirror.example.com/charts/", "");
    expect(name).not.toContain("/");
    if (!withoutImages.includes(name))
      expect([name, JSON.stringify(values)]).toEqual([name, expect.stringContaining("mirror.example.com/images")]);
  }
  for (const image of images) expect(image).toMatch(/^mirror\.example\.com\/images\/nvidia\/tritonserver@sha256:/);
});
