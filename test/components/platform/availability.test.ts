import { expect, it } from "vitest";
import { spread } from "../../../components/platform/availability.ts";
import { shown } from "../../../plan/shownValues.ts";
import { record } from "../../stacks/record.ts";

it("no pod waits for a node in another zone or for another node: the rules are wishes", () => {
  for (const zones of [true, undefined] as const) {
    const rules = spread({ istio: "pilot" }, zones);
    expect(rules.map(({ whenUnsatisfiable }) => whenUnsatisfiable)).toEqual(rules.map(() => "ScheduleAnyway"));
  }
});

it("the two of a pair are counted by node alone where a node may lack its zone: the scheduler would count none of these", () => {
  expect(spread({ istio: "pilot" }, undefined)).toEqual([
    expect.objectContaining({ topologyKey: "kubernetes.io/hostname" }),
  ]);
});

it("every system asks for zones in a cloud, and for nodes alone at a site, whose nodes may have no zone", async () => {
  const charts = (await record("prod"))
    .flatMap(({ resources }) => resources)
    .filter(({ type }) => type === "kubernetes:helm.sh/v4:Chart");
  const asked = charts.flatMap(({ name, props }) => {
    const keys = [...JSON.stringify(shown(props)).matchAll(/"topologyKey":"([^"]+)"/g)].map(([, key]) => key);
    return keys.length === 0 ? [] : [[name, [...new Set(keys)].sort()] as const];
  });
  const at = (cluster: string) => asked.filter(([name]) => name.startsWith(`${cluster}-`)).map(([, keys]) => keys);
  for (const cloud of ["aws-use1", "azure-weu", "gcp-euw4"]) {
    expect(at(cloud).length).toBeGreaterThanOrEqual(4);
    expect(new Set(at(cloud).flat())).toEqual(new Set(["kubernetes.io/hostname", "topology.kubernetes.io/zone"]));
    expect(at(cloud).every((keys) => keys.length === 2)).toBe(true);
  }
  expect(at("dc-fra").length).toBeGreaterThanOrEqual(4);
  expect(new Set(at("dc-fra").flat())).toEqual(new Set(["kubernetes.io/hostname"]));
});
