import { expect, it } from "vitest";
import { modelObjects } from "../../../components/model/modelObjects.ts";
import { shown } from "../../../plan/shownValues.ts";
import { shop } from "../../fixtures/shop.ts";
import { recordLayers } from "../../recordLayers.ts";

it("names every object that a model makes on a cluster, so that two models cannot make one", async () => {
  const environment = { ...shop, clusters: { site: shop.clusters.site } };
  const made = (await recordLayers(environment))
    .filter(({ urn, custom, type }) => custom && urn.includes("ModelDeployment$") && type.startsWith("kubernetes:"))
    .map(({ type, props }) => {
      const { name } = (shown(props) as { metadata: { name: string } }).metadata;
      return `${type.slice(type.lastIndexOf(":") + 1)} ${name}`;
    });
  const known = Object.entries(environment.models).flatMap(([name, model]) =>
    modelObjects(name, model).map((object) => `${object.kind} ${object.name}`),
  );
  expect(made.filter((object) => !known.includes(object))).toEqual([]);
  expect(known.filter((object) => !made.includes(object))).toEqual([]);
});
