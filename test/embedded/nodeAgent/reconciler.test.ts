import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Reconciler } from "../../../embedded/nodeAgent/reconciler.ts";

describe("a reconciler", () => {
  it("applies the newest value and skips values that were replaced meanwhile", async () => {
    const applied: number[] = [];
    const reconciler = new Reconciler<number>(
      async (value) => {
        await sleep(20);
        applied.push(value);
      },
      () => {},
    );
    for (let n = 1; n <= 5; n += 1) void reconciler.set(n);
    await reconciler.set(6);
    expect(applied).toEqual([1, 6]);
  });

  it("retries until the other side answers again, and reports an outage once", async () => {
    const errors: unknown[] = [];
    const applied: string[] = [];
    let away = true;
    const reconciler = new Reconciler<string>(
      async (value) => {
        if (away) throw new Error("away");
        applied.push(value);
      },
      (error) => errors.push(error),
    );
    void reconciler.set("old");
    const done = reconciler.set("new");
    await sleep(300);
    away = false;
    await done;
    expect(applied).toEqual(["new"]);
    expect(errors).toHaveLength(1);
  });

  it("never runs two attempts at a time", async () => {
    let running = 0;
    let most = 0;
    const reconciler = new Reconciler<number>(
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
        await reconciler.set(n);
      }),
    );
    expect(most).toBe(1);
  });

  it("makes no attempt after it is closed", async () => {
    const applied: number[] = [];
    const reconciler = new Reconciler<number>(
      async () => {
        throw new Error("away");
      },
      () => {},
    );
    const waiting = reconciler.set(1);
    reconciler.close();
    await waiting;
    await reconciler.set(2);
    expect(applied).toEqual([]);
  });
});
