import { describe, expect, it } from "vitest";
import { repeats } from "../../../components/core/repeats.ts";

const byLetter = (items: readonly string[]) => repeats(items, (item) => (item === "none" ? undefined : item[0]));

describe("items with the key of an earlier one", () => {
  it("are each returned with the first, also when there are three", () => {
    expect(byLetter(["a1", "b1", "a2", "a3"])).toEqual([
      { item: "a2", first: "a1" },
      { item: "a3", first: "a1" },
    ]);
  });

  it("are none where every key is another, or there is no key", () => {
    expect(byLetter(["a1", "b1", "none", "none"])).toEqual([]);
  });
});
