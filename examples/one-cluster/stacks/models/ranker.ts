import { abTest, canary, darkLaunch, defineModel, sequence, triton } from "../../../../components/model/index.ts";

/** Orders the articles of a shop for a user. The shop counts visits and orders by the version that ranked them. */
export const ranker = defineModel({
  server: triton({ backend: "python", memory: "4GiB" }),
  repository: { modelStore: "ranker" },
  traffic: { expectedQps: { trough: 20, peak: 200 } },
  slo: { p99: "200ms", errorRate: "0.1%" },
  // First people of the shop, then a small share of all users, then half of them until one version sells better.
  release: sequence([
    darkLaunch({ cohort: { header: "x-user-group", value: "staff" }, lasts: "1h" }),
    canary({ weights: [5, 20, 100] }),
    abTest({
      metric: { successes: "shop_orders_total", trials: "shop_visits_total", versionLabel: "ranker_version" },
    }),
  ]),
});
