import { expect } from "vitest";
import { environmentProblems } from "../../../stacks/environments/environmentProblems.ts";
import { shop } from "../../fixtures/shop.ts";

/** A declaration, as whatever JavaScript allows. */
export type Tree = Record<string, unknown>;

/** A copy of the environment of the tests, free to be changed. */
export function copyOfShop(): Tree {
  return structuredClone(shop) as unknown as Tree;
}

/** The environment of the tests with one thing changed, at a path of keys. */
export function changed(path: readonly string[], change: (parent: Tree, key: string) => void): Tree {
  const copy = copyOfShop();
  const parent = path.slice(0, -1).reduce<Tree>((tree, step) => tree[step] as Tree, copy);
  change(parent, path.at(-1) ?? "");
  return copy;
}

/** Keys are told apart by a slash: `models/fraud/slo`. */
export const set = (path: string, value: unknown) =>
  changed(path.split("/"), (parent, key) => {
    parent[key] = value;
  });
export const without = (path: string) => changed(path.split("/"), (parent, key) => void delete parent[key]);
export const renamed = (path: string, name: string) =>
  changed(path.split("/"), (parent, key) => {
    parent[name] = parent[key];
    delete parent[key];
  });

/** What is said of a declaration, as it is printed: `path: reason fix`. */
export function said(declared: unknown): string[] {
  return environmentProblems("shop", declared).map(({ path, reason, fix }) =>
    [`${path}:`, reason, fix].filter(Boolean).join(" "),
  );
}

/** One wrong declaration: what it is, the declaration, and the one problem that is said of it. */
export type Wrong = readonly [title: string, declared: unknown, problem: RegExp];

/** Fails unless exactly that one problem is said. */
export function expectOneProblem(declared: unknown, problem: RegExp): void {
  const problems = said(declared);
  expect(problems, problems.join("\n")).toHaveLength(1);
  expect(problems[0]).toMatch(problem);
  expect(problems[0]).not.toMatch(/\[object|TypeError|hush/);
}
