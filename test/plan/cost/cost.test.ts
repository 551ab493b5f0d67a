import { readFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { premiumSsd } from "../../../components/cluster/aks/azureBilling.ts";
import { azureMachines } from "../../../components/cluster/aks/azureMachines.ts";
import { isYounger, listPrice } from "../../../components/cluster/billing.ts";
import { type ClusterSpec, cloudOf } from "../../../components/cluster/clouds.ts";
import { awsMachines } from "../../../components/cluster/eks/awsMachines.ts";
import { gcpMachines } from "../../../components/cluster/gke/gcpMachines.ts";
import { type ClusterCost, environmentCost, sumOf } from "../../../plan/cost/cost.ts";
import { costChange } from "../../../plan/cost/costChange.ts";
import { costChangeLines, costLines } from "../../../plan/cost/costText.ts";
import { gpuHourPrice } from "../../../plan/cost/releaseCost.ts";
import { objections, rejectMandatoryViolations } from "../../../plan/plan.ts";
import type { Environment } from "../../../stacks/environments/environment.ts";
import { prod } from "../../../stacks/environments/prod.ts";
import { memoryPlan } from "../memoryPlan.ts";

type Costed = Pick<Environment, "clusters" | "budget" | "spending">;
const aws = prod.clusters["aws-use1"];
const azure = prod.clusters["azure-weu"];
const gcp = prod.clusters["gcp-euw4"];
const onPrem = prod.clusters["dc-fra"];
const costOf = (clusters: Costed["clusters"], more: Omit<Costed, "clusters"> = {}) =>
  environmentCost({ clusters, ...more });
const ofAws = (gpuPools: object) => ({ ...aws, gpuPools }) as unknown as ClusterSpec;
const text = (lines: readonly string[]) => stripVTControlCharacters(lines.join("\n"));
const only = ({ clusters }: { clusters: readonly ClusterCost[] }) => {
  const [cluster] = clusters;
  if (cluster === undefined) throw new Error("there is no cluster");
  return cluster;
};

const pool = fc
  .record({
    machine: fc.constantFrom("g6.2xlarge", "g5.4xlarge", "p5.48xlarge", "p5e.48xlarge"),
    min: fc.nat(10),
    more: fc.nat(20),
    purchase: fc.constantFrom<object>(
      { kind: "onDemand" },
      { kind: "spot" },
      { kind: "reserved", reservation: "cr-0123456789abcdef0" },
      { kind: "block", reservation: "cr-0123456789abcdef0" },
    ),
  })
  .map(({ min, more, ...of }) => ({ ...of, min, max: Math.max(1, min + more) }));
const share = fc.option(
  fc.integer({ min: 1, max: 100 }).map((percent) => `${percent}%` as const),
  { nil: undefined },
);
const clusters = fc.dictionary(
  fc.stringMatching(/^[a-z]{1,8}$/),
  fc.oneof(
    fc.constantFrom<ClusterSpec>(azure, gcp, onPrem),
    fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), pool, { maxKeys: 3 }).map(ofAws),
  ),
  { minKeys: 1, maxKeys: 5 },
);
const spending = fc
  .record({ spot: share, reserved: share, block: share })
  .map((of) => ({ shareOfListPrice: Object.fromEntries(Object.entries(of).filter(([, one]) => one !== undefined)) }));

describe("the cost of any environment", () => {
  it("is a range that is not negative, of the sum of its clusters, each the sum of its items", () => {
    fc.assert(
      fc.property(clusters, spending, (declared, spent) => {
        const cost = costOf(declared, { spending: spent });
        expect(cost.month).toEqual(sumOf(cost.clusters.map(({ month }) => month)));
        for (const { month, items } of cost.clusters) {
          expect(month).toEqual(sumOf(items.map((item) => item.month)));
          for (const range of [month, ...items.map((item) => item.month)]) {
            expect(range.least).toBeGreaterThanOrEqual(0);
            expect(range.most).toBeGreaterThanOrEqual(range.least);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it("is that of its clusters apart: no cluster changes the price of another", () => {
    fc.assert(
      fc.property(clusters, (declared) => {
        const apart = Object.entries(declared).map(([name, spec]) => costOf({ [name]: spec }).month);
        expect(costOf(declared).month).toEqual(sumOf(apart));
      }),
      { numRuns: 60 },
    );
  });

  it("loses nothing: whatever is billed has a price above 0, or says that it has none", () => {
    fc.assert(
      fc.property(clusters, (declared) => {
        for (const { cluster, items, unpriced, bill } of costOf(declared).clusters) {
          const spec = declared[cluster] as ClusterSpec;
          const billed =
            cloudOf(spec)
              .billing?.items(spec)
              .filter(({ most }) => most > 0) ?? [];
          expect(items.length + unpriced.length).toBe(bill === "priced" ? billed.length : 0);
          expect(items.filter(({ price }) => !(price > 0))).toEqual([]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("grows with the maximum of a pool, and by its minimum at the lower end alone", () => {
    fc.assert(
      fc.property(fc.nat(5), fc.integer({ min: 6, max: 20 }), (min, max) => {
        const small = costOf({ a: ofAws({ l4: { machine: "g6.2xlarge", min, max } }) }).month;
        const larger = costOf({ a: ofAws({ l4: { machine: "g6.2xlarge", min, max: max + 1 } }) }).month;
        const fuller = costOf({ a: ofAws({ l4: { machine: "g6.2xlarge", min: min + 1, max } }) }).month;
        expect(larger.least).toBe(small.least);
        expect(larger.most).toBeGreaterThan(small.most);
        expect(fuller.most).toBe(small.most);
        expect(fuller.least).toBeGreaterThan(small.least);
      }),
      { numRuns: 30 },
    );
  });
});

describe("the price of a machine", () => {
  const catalogues = { aws: [aws, awsMachines], azure: [azure, azureMachines], gcp: [gcp, gcpMachines] } as const;

  it.each(Object.keys(catalogues) as (keyof typeof catalogues)[])(
    "of %s is in the cost, or its lack is said, for each that a pool can choose",
    (cloud) => {
      const [spec, machines] = catalogues[cloud];
      for (const machine of Object.keys(machines)) {
        const declared = { ...spec, gpuPools: { p: { machine, min: 1, max: 2 } } } as unknown as ClusterSpec;
        const { items, unpriced } = only(costOf({ a: declared }));
        const found = items.filter(({ kind }) => kind === "gpuNodes");
        const lack = unpriced.filter(({ kind }) => kind === "gpuNodes");
        expect(found.length + lack.length, machine).toBeGreaterThan(0);
        for (const { reason } of lack) expect(reason).toMatch(/^no price of .+ in [a-z0-9-]+$/);
      }
    },
  );

  it("is the youngest, for its region alone or for all", () => {
    const list = { unit: "hour", purchase: "onDemand", source: "https://example.com" } as const;
    const lists = [
      { ...list, date: "undated", prices: { m: { "*": 5 } } },
      { ...list, date: "2026", prices: { m: { here: 1 } } },
      { ...list, date: "2026-07-20", prices: { m: { here: 2 } } },
      { ...list, date: "2025-03-06", prices: { m: { here: 3 } } },
    ];
    const at = (region: string) =>
      listPrice(lists, { meter: "m", unit: "hour", purchase: "onDemand", region })?.dollars;
    expect([at("here"), at("there")]).toEqual([2, 5]);
    expect(listPrice(lists, { meter: "n", unit: "hour", purchase: "onDemand", region: "here" })).toBeUndefined();
    expect(isYounger("undated", "undated")).toBe(false);
  });

  it.each([aws, azure, gcp])("of $cloud has a source, a date and no price of 0", (spec) => {
    for (const { source, date, prices } of cloudOf<ClusterSpec>(spec).billing?.prices ?? []) {
      expect(source).toMatch(/^https:\/\/\S+$/);
      expect(date).toMatch(/^(?:20\d\d(?:-\d\d-\d\d)?|undated)$/);
      expect(
        Object.values(prices)
          .flatMap((regions) => Object.values(regions))
          .filter((price) => !(price > 0)),
      ).toEqual([]);
    }
  });

  it("of spot machines is said to be missing until the share is declared, and of a reservation is the list price", () => {
    const spot = { a: ofAws({ s: { machine: "g6.2xlarge", min: 1, max: 2, purchase: { kind: "spot" } } }) };
    const reserved = { kind: "reserved", reservation: "cr-0123456789abcdef0" };
    const nodes = (declared: Costed["clusters"], shareOfListPrice = {}) =>
      only(costOf(declared, { spending: { shareOfListPrice } })).items.find(({ kind }) => kind === "gpuNodes")?.month;
    expect(only(costOf(spot)).unpriced.map(({ reason }) => reason)).toContain(
      "no spot price of g6.2xlarge in us-east-1; declare spending.shareOfListPrice.spot",
    );
    expect(nodes(spot, { spot: "50%" })).toEqual({ least: 356.82, most: 713.65 });
    const held = { a: ofAws({ r: { machine: "g6.2xlarge", min: 1, max: 2, purchase: reserved } }) };
    expect(nodes(held)).toEqual({ least: 713.65, most: 1_427.3 });
    expect(nodes(held, { reserved: "60%" })).toEqual({ least: 428.19, most: 856.38 });
  });

  it("of a disk of Azure is that of the next size", () => {
    expect([64, 128, 129, 256, 513, 2_048].map(premiumSsd)).toEqual(
      ["P10", "P10", "P15", "P15", "P30", "P40"].map((size) => `Premium SSD ${size}`),
    );
  });
});

describe("egress", () => {
  it("is not counted until it is declared, and then in equal parts", () => {
    expect(costOf({ a: aws }).egress).toBe("not declared");
    const { clusters: of, egress } = costOf({ a: aws, b: aws }, { spending: { egressPerMonth: "2TiB" } });
    expect(egress).toBe("counted");
    const items = of.flatMap((one) => one.items.filter(({ kind }) => kind === "egress"));
    expect(items.map(({ month }) => month.most)).toEqual([92.16, 92.16]);
  });
});

describe("a budget", () => {
  const l4 = ofAws({ l4: { machine: "g6.2xlarge", min: 1, max: 8 } });
  const status = (clusters: Costed["clusters"], perMonth: `${number} USD`, counts?: "least" | "most") =>
    costOf(clusters, { budget: { perMonth, ...(counts === undefined ? {} : { counts }) } }).budget?.status;

  it("is kept by every pool at its max, or, where that is declared, at its min", () => {
    expect(status({ a: l4 }, "100000 USD")).toBe("within");
    expect(status({ a: l4 }, "2000 USD")).toBe("over");
    expect(status({ a: l4 }, "2000 USD", "least")).toBe("within");
  });

  it("is undetermined where something has no price, unless the rest is too much already", () => {
    const some = { a: aws };
    expect(status(some, "100000 USD")).toBe("undetermined");
    expect(status(some, "2000 USD")).toBe("over");
  });

  it("stands in the way of a deployment when it is exceeded, with the exit code of a policy", () => {
    const planned = (perMonth: `${number} USD`) => ({
      ...memoryPlan(),
      cost: costOf({ a: l4 }, { budget: { perMonth } }),
    });
    expect(objections(planned("100000 USD"))).toEqual([]);
    expect(() => rejectMandatoryViolations(planned("100000 USD"))).not.toThrow();
    expect(objections(planned("2000 USD"))).toHaveLength(1);
    expect(() => rejectMandatoryViolations(planned("2000 USD"))).toThrow(
      /budget\.perMonth: 2000 USD are below 1,\d+ to 7,\d+ USD a month/,
    );
  });

  it("is not concerned with machines of your own", () => {
    expect(status({ a: l4, dc: onPrem }, "100000 USD")).toBe("within");
  });
});

describe("a difference", () => {
  const one = costOf({ a: aws, dc: onPrem });

  it("is of the clusters that differ, and adds up to that of the sums", () => {
    const more = costOf({ a: ofAws({ l4: { machine: "g6.2xlarge", min: 2, max: 8 } }), b: gcp, dc: onPrem });
    const change = costChange(one, more);
    if (change.kind !== "differs") throw new Error("nothing differs");
    expect(change.clusters.map(({ cluster }) => cluster)).toEqual(["a", "b"]);
    expect(sumOf(change.clusters.map(({ difference }) => difference))).toEqual(change.difference);
    expect(change.difference.least).toBeCloseTo(more.month.least - one.month.least, 9);
    expect(text(costChangeLines(change))).toMatch(/^ {2}a: \+730 at the least/m);
    expect(text(costChangeLines(change))).not.toContain("prices are of other days");
  });

  it("says so where prices of another day are a part of it", () => {
    const [a, ...rest] = one.clusters;
    const aged = a?.items.map((item) => ({ ...item, date: "2024-01-01" })) ?? [];
    const cheaper = {
      ...one,
      clusters: [{ ...(a as ClusterCost), items: aged, month: { least: 1, most: 1 } }, ...rest],
    };
    expect(text(costChangeLines(costChange(cheaper, one)))).toContain("prices are of other days");
  });

  it("is none of the same, and unknown against a plan without a cost", () => {
    expect(costChange(one, one)).toEqual({ kind: "same", after: one.month });
    expect(costChange(undefined, one)).toEqual({ kind: "unknown" });
  });
});

describe("the text", () => {
  const lines = costLines(environmentCost({ ...prod, budget: { perMonth: "12000 USD" } }));

  it("has a line for each cluster of a cloud, the sum, and every lack, in 80 columns", () => {
    expect(text(lines)).toMatchInlineSnapshot(`
      "cost a month
        USD at list prices (2025 to 2026-07-20, 8 undated); pools from min to max
        aws-use1    1,373 to 7,498   GPU nodes 714 to 5,709
        azure-weu   1,391 to 6,014   GPU nodes 686 to 4,117
        gcp-euw4    1,114 to 6,219   GPU nodes 655 to 5,240
        in all     3,878 to 19,730, and what has no price:
        aws-use1: no spot price of g6.2xlarge in us-east-1; declare
          spending.shareOfListPrice.spot
        azure-weu: no price of Premium SSD P10 in westeurope; no price of Premium
          SSD P15 in westeurope; no price of public IPv4 address in westeurope
        gcp-euw4: no price of forwarding rule in europe-west4
        dc-fra: machines of your own, which no cloud bills
        not counted: egress (declare spending.egressPerMonth); data through NAT and
          load balancers, stores, logs, keys, volumes of pods
        budget 12,000 USD at the most: ✗ over by 7,730"
    `);
    expect(lines.map(stripVTControlCharacters).filter((line) => line.length > 80)).toEqual([]);
  });

  it("is what the page of costs shows", () => {
    const page = readFileSync(new URL("../../../docs/cost.md", import.meta.url), "utf8");
    const [, shown = ""] = /```text\n([\s\S]*?)\n {2}…\n```/.exec(page) ?? [];
    expect(text(lines).startsWith(shown)).toBe(true);
    expect(shown).toContain("in all");
  });

  it("says of machines of your own that no cloud bills them", () => {
    expect(text(costLines(costOf({ dc: onPrem })))).toBe(
      "cost a month\n  dc: machines of your own, which no cloud bills",
    );
  });
});

describe("a GPU hour of a release", () => {
  const model = (kind: string | readonly string[], slice?: string) =>
    ({ server: { gpu: { kind, count: 1, ...(slice === undefined ? {} : { slice }) } } }) as never;

  it("costs what a node does, by its GPUs or shares of them", () => {
    const at = (pools: object) => gpuHourPrice({ clusters: { a: ofAws(pools) } }, "a", model("L4"));
    const whole = { machine: "g6.2xlarge", min: 0, max: 8 };
    expect(at({ l4: whole })).toEqual({ dollars: { least: 0.9776, most: 0.9776 }, pools: ["l4"] });
    expect(at({ l4: whole, big: { ...whole, machine: "g6.12xlarge" } })).toMatchObject({
      dollars: { least: 0.9776, most: 1.1504 },
    });
  });

  it("counts the pools that the model may run on: of any kind it takes, and in shares or whole as it asks", () => {
    const pools = {
      l4: { machine: "g6.2xlarge", min: 0, max: 8 },
      shared: { machine: "g6.2xlarge", min: 0, max: 8, sharing: { kind: "timeSlicing", replicas: 4 } },
      a10g: { machine: "g5.2xlarge", min: 0, max: 8 },
    };
    const of = (asked: never) => gpuHourPrice({ clusters: { a: ofAws(pools) } }, "a", asked);
    expect(of(model("L4"))).toEqual({ dollars: { least: 0.9776, most: 0.9776 }, pools: ["l4"] });
    expect(of(model("L4", "timeSlicing"))).toEqual({ dollars: { least: 0.2444, most: 0.2444 }, pools: ["shared"] });
    expect(of(model(["L4", "A10G"]))).toEqual({ dollars: { least: 0.9776, most: 1.212 }, pools: ["l4", "a10g"] });
  });

  it("is not known of machines of your own, nor where one of the pools has no price", () => {
    expect(gpuHourPrice({ clusters: { dc: onPrem } }, "dc", model("L4"))).toEqual({
      unknown: "the machines are your own, which no cloud bills",
    });
    expect(gpuHourPrice({ clusters: { a: aws } }, "a", model("L4"))).toEqual({
      unknown: "no spot price of g6.2xlarge in us-east-1; declare spending.shareOfListPrice.spot",
    });
  });
});
