import { afterEach, expect, it } from "vitest";
import { inOrder, systems } from "../../../components/platform/systems.ts";
import { toy } from "./toy/toySystem.ts";

afterEach(() => {
  for (const key of ["first", "second"]) Reflect.deleteProperty(systems, key);
});

it("builds each system after those that it waits for", () => {
  Object.assign(systems, { first: { ...toy, after: ["second"] }, second: { ...toy, after: [] } });
  expect(inOrder().indexOf("first")).toBeGreaterThan(inOrder().indexOf("second"));
});

it("names systems that wait for each other, and one that does not exist", () => {
  Object.assign(systems, { first: { ...toy, after: ["second"] }, second: { ...toy, after: ["first"] } });
  expect(inOrder).toThrow("Platform systems wait for each other: first → second → first.");
  Object.assign(systems, { second: { ...toy, after: ["nothing"] } });
  expect(inOrder).toThrow('System "second" comes after "nothing", which does not exist.');
});
