import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Converger } from "../../../embedded/nodeAgent/converger.ts";

describe("a converger", () => {
  it("applies the newest value and skips those overtaken meanwhile", async () => {
    const applied: number[] = [];
    const converger = new Converger<number>(
      async (value) => {
        await sleep(20);
        applied.push(value);
      },
      () => {},
    );
    for (let n = 1; n <= 5; n += 1) void converger.set(n);
    await converger.set(6);
    expect(applied).toEqual([1, 6]);
  });

  it("tries again until the other side is back, and reports an outage once", async () => {
    const errors: unknown[] = [];
    const applied: string[] = [];
    let away = true;
    const converger = new Converger<string>(
      async (value) => {
        if (away) throw new Error("away");
        applied.push(value);
      },
      (error) => errors.push(error),
    );
    void converger.set("old");
    const done = converger.set("new");
    await sleep(300);
    away = false;
    await done;
    expect(applied).toEqual(["new"]);
    expect(errors).toHaveLength(1);
  });

  it("never runs two attempts at a time", async () => {
    let running = 0;
    let most = 0;
    const converger = new Converger<number>(
      async () => {
        running += 1;
        most = Math.max(most, running);
        await sleep(5);
        running -= 1;
      },
      () => {},
    );
    await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        await sleep(n);
        await converger.set(n);
      }),
    );
    expect(most).toBe(1);
  });

  it("sends nothing more once it is closed", async () => {
    const applied: number[] = [];
    const converger = new Converger<number>(
      async () => {
        throw new Error("away");
      },
      () => {},
    );
    const waiting = converger.set(1);
    converger.close();
    await waiting;
    await converger.set(2);
    expect(applied).toEqual([]);
  });
});
