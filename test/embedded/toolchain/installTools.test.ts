import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { installTools } from "../../../embedded/toolchain/installTools.ts";
import { runCommand } from "../../../embedded/toolchain/runCommand.ts";
import type { Tool, ToolEvent } from "../../../embedded/toolchain/tool.ts";
import { program, source, temporaryFolder, tool } from "./fixtures.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

const fails = (reason: string) => () => Promise.reject(new Error(reason));

function install(tools: Tool[], options: { cache?: string; signal?: AbortSignal; freeMiB?: number } = {}) {
  const events: ToolEvent[] = [];
  const cache = options.cache ?? temporaryFolder();
  const done = installTools(tools, {
    cache,
    signal: options.signal ?? new AbortController().signal,
    onProgress: (event) => events.push(event),
    ...(options.freeMiB === undefined ? {} : { freeMiB: async () => options.freeMiB ?? 0 }),
  });
  return { cache, events, done };
}

function states(events: ToolEvent[], name = "widget"): string[] {
  return events.filter((event) => event.tool === name).map(({ state }) => state);
}

describe("a tool that is there already", () => {
  it("is taken from PATH when its version is good", async () => {
    const bin = temporaryFolder();
    const own = program(bin, "widget", 'echo "widget version v1.2.9 (go1.26.1)"');
    vi.stubEnv("PATH", `${bin}${delimiter}${process.env.PATH}`);
    const { done, events } = install([tool({ sources: [] })]);
    expect((await done).get("widget")).toEqual({ how: "PATH", files: new Map([["widget", own]]) });
    expect(states(events)).toEqual(["found"]);
  });

  it.each([
    ["another version", 'echo "widget 1.3.0"', "is 1.3.0, not >=1.2.0 <1.3.0"],
    ["no version", "echo hello", "does not say its version"],
    ["a failure", "echo broken >&2; exit 3", "ended with code 3: broken"],
  ])("is not taken from PATH when it answers with %s", async (_, script, reason) => {
    const bin = temporaryFolder();
    program(bin, "widget", script);
    vi.stubEnv("PATH", `${bin}${delimiter}${process.env.PATH}`);
    const { done } = install([tool({ sources: [source({ fetch: fails("offline") })] })]);
    await expect(done).rejects.toThrow(reason);
  });

  it("is taken from PATH only when all of its programs are there", async () => {
    const bin = temporaryFolder();
    program(bin, "widget", 'echo "widget 1.2.3"');
    vi.stubEnv("PATH", `${bin}${delimiter}${process.env.PATH}`);
    const { done } = install([
      tool({ files: ["widget", "widgetctl"], sources: [source({ fetch: fails("offline") })] }),
    ]);
    await expect(done).rejects.toThrow("PATH: widgetctl is not there");
  });

  it("is fetched once and then found in the cache, by version", async () => {
    const fetched = vi.fn();
    const first = install([tool({ sources: [source({ before: fetched })] })]);
    const path = join(first.cache, "tools/widget/1.2.3/widget");
    expect((await first.done).get("widget")?.files.get("widget")).toBe(path);
    const second = install([tool({ sources: [source({ before: fetched })] })], { cache: first.cache });
    expect((await second.done).get("widget")?.files.get("widget")).toBe(path);
    expect(states(second.events)).toEqual(["cached"]);
    await install([tool({ version: "1.2.4", sources: [source({ before: fetched })] })], { cache: first.cache }).done;
    expect(fetched).toHaveBeenCalledTimes(2);
  });
});

describe("sources", () => {
  it("are tried in order, and one that fails leaves its turn to the next", async () => {
    const { cache, done, events } = install([
      tool({ sources: [source({ name: "release", fetch: fails("refused") }), source({ name: "package" })] }),
    ]);
    await done;
    expect(events.map(({ state, how }) => [state, how])).toEqual([
      ["started", "release"],
      ["started", "package"],
      ["done", "package"],
    ]);
    expect(readdirSync(join(cache, "scratch"))).toEqual([]);
  });

  it.each([
    ["without its files", (directory: string) => program(directory, "gadget", "exit 0"), "it has no widget"],
    ["of another version", (directory: string) => program(directory, "widget", "echo 9.9.9"), "is 9.9.9"],
    ["that cannot run here", (directory: string) => program(directory, "widget", "exit 127"), "ended with code 127"],
  ])("fail when what they give is a tool %s, and nothing of it is kept", async (_, make, reason) => {
    const fetch = async (directory: string) => void make(directory);
    const { cache, done } = install([tool({ sources: [source({ fetch })] })]);
    await expect(done).rejects.toThrow(reason);
    expect(existsSync(join(cache, "tools"))).toBe(false);
    expect(readdirSync(join(cache, "scratch"))).toEqual([]);
  });

  it("that build wait until every download has been tried, run two at a time and start with the longest", async () => {
    let running = 0;
    let most = 0;
    const named = (name: string, seconds: number, kind: "download" | "build") =>
      tool({
        name,
        seconds,
        sources: [
          source({
            kind,
            before: async () => {
              if (kind === "download") return sleep(20);
              running += 1;
              most = Math.max(most, running);
              await sleep(20);
              running -= 1;
            },
          }),
        ],
      });
    const { done, events } = install([
      named("short build", 1, "build"),
      named("long build", 300, "build"),
      named("middle build", 20, "build"),
      named("slow download", 2, "download"),
    ]);
    await done;
    const steps = events.map(({ tool: name, state }) => `${name} ${state}`);
    expect(steps.slice(0, 4)).toEqual([
      "slow download started",
      "slow download done",
      "long build started",
      "middle build started",
    ]);
    expect(steps.filter((step) => step.endsWith("started")).at(-1)).toBe("short build started");
    expect(most).toBe(2);
  });
});

describe("a tool that is neither found nor downloaded nor built", () => {
  it("is reported with all that was tried and a fix", async () => {
    const { done, events } = install([
      tool({
        onPath: { versionArgs: [], range: "*" },
        sources: [
          source({ name: "release of widget", fetch: fails("example.org cannot be reached (ENOTFOUND)") }),
          source({ name: "Go module example.org/widget", kind: "build", fetch: fails("go is not on PATH") }),
        ],
      }),
    ]);
    await expect(done).rejects.toMatchObject({ name: "ProblemError", exitCode: 4 });
    const message = await done.catch((error: Error) => error.message);
    expect(message).toBe(
      [
        "Some tools of the embedded environment could not be found, downloaded or built:",
        "  - widget 1.2.3: needed for the tests. Tried:",
        "      PATH: widget is not there",
        "      release of widget: example.org cannot be reached (ENOTFOUND)",
        "      Go module example.org/widget: go is not on PATH",
        "    Put widget 1.2 on PATH.",
      ].join("\n"),
    );
    expect(states(events).at(-1)).toBe("failed");
  });

  it("is reported before anything is built, together with all others", async () => {
    const built = vi.fn();
    const nowhere = { sources: [source({ fetch: fails("offline") })] };
    const { done } = install([
      tool({ name: "first", ...nowhere }),
      tool({ name: "second", ...nowhere }),
      tool({ name: "third", sources: [source({ kind: "build", before: built })] }),
    ]);
    await expect(done).rejects.toThrow(/first 1\.2\.3.*second 1\.2\.3/s);
    expect(built).not.toHaveBeenCalled();
  });

  it("does not stop the other builds, which are cached", async () => {
    const { cache, done } = install([
      tool({ name: "broken", seconds: 9, sources: [source({ kind: "build", fetch: fails("does not compile") })] }),
      tool({ name: "good", sources: [source({ kind: "build" })] }),
    ]);
    await expect(done).rejects.toThrow("does not compile");
    expect(existsSync(join(cache, "tools/good/1.2.3/widget"))).toBe(true);
  });
});

describe("disk space", () => {
  it("is asked about before anything is fetched, and the error says how much is needed where", async () => {
    const fetched = vi.fn();
    const large = tool({ sizeMiB: 1024, sources: [source({ scratchMiB: 2048, before: fetched })] });
    const { cache, done } = install([large], { freeMiB: 1536 });
    await expect(done).rejects.toThrow(
      `${cache}: 1.5 GiB are free, and fetching widget needs 3.0 GiB, most of it only until they are installed.`,
    );
    expect(fetched).not.toHaveBeenCalled();
    expect(readdirSync(join(cache, "scratch"))).toEqual([]);
  });
});

describe("an interrupted run", () => {
  it("ends the processes it started and leaves nothing behind", async () => {
    const abort = new AbortController();
    const marker = join(temporaryFolder(), "still-alive");
    const compiling = source({
      kind: "build",
      fetch: async (_directory, { signal, scratch }) => {
        const compiler = program(scratch, "compiler", `(sleep 0.5; touch ${marker}) & wait`);
        setTimeout(() => abort.abort(new Error("interrupted")), 100);
        await runCommand(compiler, [], { signal });
      },
    });
    const { cache, done } = install([tool({ sources: [compiling] })], { signal: abort.signal });
    await expect(done).rejects.toThrow("interrupted");
    await sleep(700);
    expect(existsSync(marker)).toBe(false);
    expect(readdirSync(join(cache, "scratch"))).toEqual([]);
    expect(existsSync(join(cache, "tools"))).toBe(false);
  });
});

describe("two runs at once on one cache", () => {
  it("fetch a tool once: the second waits and finds it", async () => {
    const fetched = vi.fn(() => sleep(100));
    const cache = temporaryFolder();
    const widget = tool({ sources: [source({ before: fetched })] });
    const runs = [install([widget], { cache }), install([widget], { cache })];
    await Promise.all(runs.map(({ done }) => done));
    expect(fetched).toHaveBeenCalledTimes(1);
    const [waiting] = runs.filter(({ events }) => states(events).at(-1) === "cached");
    expect(waiting?.events[0]).toMatchObject({ state: "progress", detail: `process ${process.pid} is fetching tools` });
  });
});
