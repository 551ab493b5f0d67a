import { expect, it } from "vitest";
import { everyItem, independently, known, unknownCheckingProxy } from "../../policies/unknown.ts";
import { unknown } from "./harness.ts";

const props = unknownCheckingProxy({ a: { b: unknown, c: 1 }, list: [1, unknown, 3] as unknown[], d: unknown });

it("tells a known value from an unknown one and where that is", () => {
  expect(known(() => props.a.c)).toEqual({ known: true, value: 1 });
  expect(known(() => props.a.b)).toMatchObject({ known: false, path: "a.b" });
});

it("does not take an error of the rule for an unknown value", () => {
  expect(() =>
    known(() => {
      throw new TypeError("defect");
    }),
  ).toThrow("defect");
});

it("runs every check and then names every unknown value once", () => {
  const seen: number[] = [];
  const run = () => independently([() => props.d, () => seen.push(props.a.c), () => props.a.b, () => props.d]);
  expect(run).toThrow(/\.d can't be known.*; .*\.a\.b can't be known during preview$/);
  expect(seen).toEqual([1]);
});

it("checks the items after an unknown one", () => {
  const seen: unknown[] = [];
  expect(() => everyItem(props.list, (item) => seen.push(item))).toThrow("list.1");
  expect(seen).toEqual([1, 3]);
});

it("finds no items in what is not a list", () => {
  expect(() => everyItem("text" as unknown as string[], () => expect.unreachable())).not.toThrow();
});
