import { expect, it } from "vitest";
import { withDefaults } from "../../../components/core/withDefaults.ts";

it.each([
  ["absent", {}],
  ["undefined", { cpu: undefined }],
])("an option that is %s has its default", (_, options) => {
  expect(withDefaults({ cpu: "1", memory: "4GiB" }, options)).toEqual({ cpu: "1", memory: "4GiB" });
});

it("an option that is given is kept, as is one that has no default", () => {
  expect(withDefaults({ cpu: "1" }, { cpu: "2", gpu: 1 })).toEqual({ cpu: "2", gpu: 1 });
});

it.each([["text"], [5], [null], [undefined], [["a"]]])(
  "%j is no options, and is left for the check to refuse",
  (value) => {
    expect(withDefaults({ cpu: "1" }, value as unknown as object)).toBe(value);
  },
);
