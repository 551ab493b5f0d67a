import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { canary } from "../../components/model/strategies/canary/canary.ts";
import { sound } from "../components/model/fixtures.ts";
import { type FakePod, type Question, type RolloutState, RolloutsPlane } from "./rolloutsPlane.ts";

/** Four pods, so that a weight of 50 % has two canary pods. */
const model = { ...sound, replicas: 4, release: canary({ weights: [5, 50, 100], bake: "0s" }) };
/** Longest wait for a pod: long where the deadline is not what is tested. */
const deadlineSeconds = (fault: Fault) => (fault === "deadline" ? 20 : 600);
/** Longest wait for an end, on a busy machine; and for one that must not come. A look takes 2 s. */
const patienceMs = 60_000;
const staysMs = 10_000;

const faults = ["guard fails", "a person aborts", "deadline"] as const;
type Fault = (typeof faults)[number];
type End = "aborted" | "aborted when the pods are back" | "promoted" | `stays at ${number} %`;

interface Row {
  readonly state: string;
  /** The percent of the traffic on the new version when the fault comes. */
  readonly weight: number;
  /** The state of a pod once the release is where the row begins. */
  readonly pod?: (pod: FakePod) => "ready" | "unready" | "pending";
  /** Whether `pod` holds from the start of the release on. */
  readonly fromStart?: true;
  /** What the stage at 50 % answers. */
  readonly stage?: (question: Question) => number | undefined;
  readonly ends: Readonly<Record<Fault, End>>;
  /** Brings the release into the state. */
  readonly enter?: (cell: Cell) => Promise<void>;
  /** Ends what hides the fault. */
  readonly leave?: (cell: Cell) => Promise<void>;
}

class Cell {
  readonly row: Row;
  readonly fault: Fault;
  readonly name: string;
  entered = false;
  failing = false;
  prometheusAway = false;
  /** How often the guard was told that it fails. */
  looks = 0;
  /** Milliseconds from the fault until no traffic was on the new version. */
  tookMs: number | undefined;

  constructor(row: Row, fault: Fault) {
    this.row = row;
    this.fault = fault;
    this.name = `${row.state} ${fault}`
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .slice(0, 40)
      .replace(/-$/, "");
  }
}

const stays = { "guard fails": "aborted", "a person aborts": "aborted" } as const;
const isCanary = ({ version }: FakePod) => version === "2";

const rows: readonly Row[] = [
  {
    state: "one canary pod down",
    weight: 50,
    pod: (pod) => (isCanary(pod) && pod.ordinal === 0 ? "unready" : "ready"),
    ends: { ...stays, deadline: "stays at 50 %" },
  },
  {
    state: "one stable pod down",
    weight: 50,
    pod: (pod) => (!isCanary(pod) && pod.ordinal === 0 ? "unready" : "ready"),
    ends: { ...stays, deadline: "stays at 50 %" },
  },
  {
    state: "half of the stable pods down",
    weight: 50,
    pod: (pod) => (!isCanary(pod) && pod.ordinal < 2 ? "unready" : "ready"),
    ends: { ...stays, deadline: "stays at 50 %" },
  },
  {
    // Stable could not carry the traffic, so it stays where it is.
    state: "three of four stable pods down",
    weight: 50,
    pod: (pod) => (!isCanary(pod) && pod.ordinal < 3 ? "unready" : "ready"),
    ends: {
      "guard fails": "aborted when the pods are back",
      "a person aborts": "aborted when the pods are back",
      deadline: "stays at 50 %",
    },
  },
  {
    state: "canary never ready",
    weight: 0,
    fromStart: true,
    pod: (pod) => (isCanary(pod) ? "unready" : "ready"),
    // No traffic has reached it, so there is nothing that could fail.
    ends: { "guard fails": "stays at 0 %", "a person aborts": "aborted", deadline: "aborted" },
  },
  {
    state: "no GPU for the surge",
    weight: 5,
    fromStart: true,
    pod: (pod) => (isCanary(pod) && pod.ordinal > 0 ? "pending" : "ready"),
    ends: { ...stays, deadline: "aborted" },
  },
  {
    state: "paused by a person",
    weight: 50,
    enter: ({ name }) => plane.patch(name, { spec: { paused: true } }),
    ends: { ...stays, deadline: "stays at 50 %" },
  },
  {
    state: "no data, no verdict",
    weight: 50,
    stage: () => undefined,
    enter: () => sleep(6_000),
    ends: { ...stays, deadline: "stays at 50 %" },
  },
  {
    state: "at 100 %",
    weight: 100,
    stage: () => 1,
    ends: { ...stays, deadline: "promoted" },
  },
  {
    state: "Prometheus back after an outage",
    weight: 50,
    enter: async (cell) => {
      cell.prometheusAway = true;
      await sleep(8_000);
    },
    leave: async (cell) => {
      cell.prometheusAway = false;
    },
    ends: { ...stays, deadline: "stays at 50 %" },
  },
];

const restarted: Row = {
  state: "controller restarted",
  weight: 50,
  ends: { ...stays, deadline: "stays at 50 %" },
};

const cells = new Map<string, Cell>();
let plane: RolloutsPlane;
let weights = new Map<string, number>();
let rollouts = new Map<string, RolloutState>();
let watching = true;
let watch: Promise<void>;

beforeAll(async () => {
  plane = await RolloutsPlane.start({
    oneMetric: true,
    pod: (pod) => {
      const cell = cells.get(pod.model);
      const holds = cell?.entered === true || cell?.row.fromStart === true;
      return (holds ? cell?.row.pod?.(pod) : undefined) ?? "ready";
    },
    value: (question) => {
      const cell = cells.get(question.model);
      if (cell === undefined || cell.prometheusAway) return "away";
      if (question.template === "guard") {
        if (cell.failing) cell.looks += 1;
        return cell.failing ? 2 : 0;
      }
      if (question.template === "pods") {
        const share = Number(question.args.at(-1)) / 100;
        const asked = Math.max(1, Math.ceil(plane.readyPods(cell.name, "1") * share));
        return plane.readyPods(cell.name, "2") >= asked ? 1 : 0;
      }
      return question.template === "at-50" ? (cell.row.stage ?? (() => 0))(question) : 1;
    },
  });
  watch = (async () => {
    while (watching) {
      [weights, rollouts] = await Promise.all([plane.weights(), plane.rollouts()]);
      await sleep(250);
    }
  })();
});

afterAll(async () => {
  watching = false;
  await watch;
  await plane?.stop();
});

it("a failing guard, an abort and a deadline take the traffic away in every state of a release", async () => {
  await run(rows);
});

it("they do when the controller has been away as well", async () => {
  await run([restarted], async (all) => {
    await plane.stopController();
    await Promise.all(all.map(fault));
    await sleep(3_000);
    await plane.startController();
  });
});

async function run(table: readonly Row[], together?: (all: readonly Cell[]) => Promise<void>): Promise<void> {
  const all = table.flatMap((row) => faults.map((one) => new Cell(row, one)));
  for (const cell of all) cells.set(cell.name, cell);
  await Promise.all(all.map(({ name, fault: one }) => plane.deploy(name, model, deadlineSeconds(one))));
  await Promise.all(all.map((cell) => until(`${cell.name} is deployed`, cell, () => state(cell)?.phase === "Healthy")));
  const released = async ({ name, fault: one }: Cell) =>
    plane.deploy(name, { ...model, version: "2" }, deadlineSeconds(one));
  let ends: End[];
  if (together === undefined) {
    ends = await Promise.all(
      all.map(async (cell) => {
        await released(cell);
        await enter(cell);
        await fault(cell);
        await cell.row.leave?.(cell);
        return endOf(cell);
      }),
    );
  } else {
    await Promise.all(all.map(released));
    await Promise.all(all.map(enter));
    await together(all);
    ends = await Promise.all(all.map(endOf));
  }
  console.log(
    [
      ["state", ...faults],
      ...table.map((row) => [
        row.state,
        ...faults.map((one) => {
          const index = all.findIndex((cell) => cell.row === row && cell.fault === one);
          const took = all[index]?.tookMs;
          return `${ends[index]}${took === undefined ? "" : ` after ${(took / 1_000).toFixed(1)} s`}`;
        }),
      ]),
    ]
      .map((columns) => `| ${columns.join(" | ")} |`)
      .join("\n"),
  );
  for (const [index, { row, fault: one, looks, name }] of all.entries()) {
    expect(ends[index], name).toBe(row.ends[one]);
    expect(looks, name).toBeLessThanOrEqual(2);
  }
}

async function enter(cell: Cell): Promise<void> {
  const { row, name } = cell;
  await until(`${name} is at ${row.weight} %`, cell, () => {
    const moved = state(cell)?.currentPodHash !== state(cell)?.stableRS;
    return moved && weights.get(name) === row.weight;
  });
  // What comes before is quick, so the first look of the step is over.
  if (row.weight === 5) await sleep(6_000);
  cell.entered = true;
  await row.enter?.(cell);
  // The kubelet looks twice a second. All traffic stays on the new version for a few looks only.
  if (row.weight < 100) await sleep(2_000);
}

async function fault(cell: Cell): Promise<void> {
  if (cell.fault === "guard fails") cell.failing = true;
  if (cell.fault === "a person aborts") await plane.patch(cell.name, { status: { abort: true } }, "/status");
}

/** How a cell ends: for what stays, when the deadline has passed and the controller has had time to act on it. */
async function endOf(cell: Cell): Promise<End> {
  const since = performance.now();
  const waits = cell.fault === "deadline" ? 1_000 * deadlineSeconds(cell.fault) : 0;
  const patience = waits + (cell.row.ends[cell.fault] === "aborted" ? patienceMs : staysMs);
  const aborted = () => state(cell)?.abort === true && (weights.get(cell.name) ?? 0) === 0;
  while (performance.now() - since < patience && !aborted()) await sleep(100);
  const { status } = rollouts.get(cell.name) ?? {};
  if (aborted()) {
    cell.tookMs = performance.now() - since;
    return "aborted";
  }
  if (status?.stableRS === status?.currentPodHash) return "promoted";
  if (status?.abort === true) {
    cell.entered = false;
    await until(`${cell.name} is aborted`, cell, aborted);
    return "aborted when the pods are back";
  }
  return `stays at ${weights.get(cell.name) ?? 0} %`;
}

const state = ({ name }: Cell) => rollouts.get(name)?.status;

async function until(what: string, cell: Cell, holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 150_000; performance.now() < end; await sleep(100)) if (holds()) return;
  throw new Error(`not in time: ${what}: ${weights.get(cell.name)} %, ${JSON.stringify(state(cell))}`);
}
