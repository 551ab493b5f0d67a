import { expect, it } from "vitest";
import { systemCluster, systems } from "../../../components/platform/systems.ts";
import { shown } from "../../../plan/shownValues.ts";
import { prod } from "../../../stacks/environments/prod.ts";
import { record } from "../../stacks/record.ts";

it("every system with webhooks has what the cloud wants of them, wherever it is installed", async () => {
  const charts = (await record("prod"))
    .flatMap(({ resources }) => resources)
    .filter(({ type }) => type === "kubernetes:helm.sh/v4:Chart");
  const seen = Object.entries(prod.clusters).flatMap(([key, spec]) => {
    const { cloud, modes } = systemCluster(prod, key, spec, prod.platform);
    const annotations = Object.keys(cloud.webhookAnnotations ?? {});
    return Object.entries(systems)
      .filter(([system, { webhookPorts }]) => webhookPorts.length > 0 && modes[system] === "install")
      .flatMap(([system, { componentName }]) =>
        annotations.map((annotation) => {
          const own = charts.filter(({ name }) => name.startsWith(`${key}-${componentName}-`));
          return [system, own.some(({ props }) => JSON.stringify(shown(props)).includes(`"${annotation}":`))];
        }),
      );
  });
  expect(Object.fromEntries(seen)).toMatchObject({ istio: true });
  expect(seen.filter(([, has]) => !has)).toEqual([]);
});
