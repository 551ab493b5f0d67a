import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  parseState,
  parseStatus,
  readState,
  readStatus,
  recordedProcesses,
  writeState,
} from "../../../embedded/environment/environmentState.ts";
import { usualPorts } from "../../../embedded/machine/ports.ts";
import { writeFileAtomic } from "../../../embedded/process/atomicFile.ts";
import { tools } from "../tools.fixture.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serin-state-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const state = {
  name: "local",
  modelStore: "/models",
  askedPorts: { gateway: 8080 },
  tools,
  block: 5,
  ports: usualPorts,
};

describe("the state of an environment", () => {
  it("is read back as it was written, and only its user may read it", () => {
    writeState(folder, state);
    expect(readState(folder)).toEqual(state);
    expect(statSync(join(folder, "environment.json")).mode & 0o777).toBe(0o600);
  });

  it("is nothing where the file is missing, cut short, or something else", () => {
    expect(readState(folder)).toBeUndefined();
    writeFileSync(join(folder, "environment.json"), JSON.stringify(state).slice(0, 40));
    expect(readState(folder)).toBeUndefined();
    for (const value of [null, 7, [], "x", {}, { ...state, name: 1 }, { ...state, tools: undefined }]) {
      expect(parseState(value)).toBeUndefined();
    }
  });

  it("of an older version, which answered no kubelet's requests, gets a port for that", () => {
    const { kubelet: _, ...older } = usualPorts;
    expect(parseState({ ...state, ports: older })?.ports).toEqual(usualPorts);
  });

  it("forgets what cannot be right and keeps the rest, so that it is picked again", () => {
    const { prometheus: _, ...incomplete } = usualPorts;
    const parsed = parseState({ ...state, block: 400, ports: incomplete, askedPorts: { gateway: "8080" } });
    expect(parsed).toEqual({ name: "local", modelStore: "/models", askedPorts: {}, tools });
  });
});

describe("the status of a supervisor", () => {
  const supervisor = { pid: 4711, startTicks: 99, bootId: "b" };

  it("names every recorded process, the supervisor first", () => {
    const child = { pid: 4712, startTicks: 100, bootId: "b" };
    const status = parseStatus({
      supervisor,
      phase: "ready",
      steps: [],
      processes: [
        { name: "etcd", identity: child, restarts: 2, ready: true, lastExit: "SIGKILL" },
        { name: "istiod", restarts: 9, ready: false },
      ],
    });
    expect(recordedProcesses(status)).toEqual([supervisor, child]);
    expect(status?.processes.map(({ name, restarts }) => [name, restarts])).toEqual([
      ["etcd", 2],
      ["istiod", 9],
    ]);
  });

  it("is nothing without an identity that cannot be mistaken, so that nobody else is killed for it", () => {
    for (const broken of [
      { pid: 4711 },
      { ...supervisor, pid: 1 },
      { ...supervisor, pid: -1 },
      { ...supervisor, startTicks: "9" },
    ]) {
      expect(parseStatus({ supervisor: broken, phase: "ready", steps: [], processes: [] })).toBeUndefined();
    }
    expect(parseStatus({ supervisor, phase: "flying", steps: [], processes: [] })).toBeUndefined();
    expect(readStatus(folder)).toBeUndefined();
    expect(recordedProcesses(undefined)).toEqual([]);
  });
});

describe("writeFileAtomic", () => {
  it("leaves nothing behind when the file cannot be put in place", () => {
    expect(() => writeFileAtomic(folder, "text")).toThrow();
    expect(readdirSync(tmpdir()).filter((name) => join(tmpdir(), name).startsWith(`${folder}.`))).toEqual([]);
  });
});
