import { expect, it } from "vitest";
import { fitProblems, totalFitProblems } from "../../stacks/environments/fit.ts";
import { shop } from "../fixtures/shop.ts";

const { fraud, images } = shop.models;
const { aws, azure, gcp, site } = shop.clusters;

it("what fits exactly is accepted", () => {
  // Six nodes with one GPU each; six nodes without GPUs, with three free cores each.
  expect(fitProblems({ ...images, replicas: 3 }, { azure })).toEqual([]);
  expect(fitProblems({ ...fraud, replicas: 9 }, { gcp })).toEqual([]);
  expect(fitProblems({ ...fraud, replicas: 13 }, { aws })).toEqual([]);
  expect(fitProblems({ ...fraud, replicas: 13 }, { azure })).toEqual([]);
  expect(totalFitProblems({ a: { ...images, replicas: 4 }, b: { ...images, replicas: 2 } }, { azure })).toEqual([]);
  expect(totalFitProblems({ a: { ...fraud, replicas: 9 }, b: { ...fraud, replicas: 9 } }, { gcp })).toEqual([]);
});

it("what is one pod above the room is refused, with the room", () => {
  const roomOf = (...[model, clusters]: Parameters<typeof fitProblems>) =>
    fitProblems(model, clusters).map(({ reason }) => /have room for (\d+)/.exec(reason)?.[1]);
  expect(roomOf({ ...fraud, replicas: 14 }, { aws })).toEqual(["27"]);
  expect(roomOf({ ...fraud, replicas: 14 }, { azure })).toEqual(["27"]);
  expect(roomOf({ ...fraud, replicas: 10 }, { gcp })).toEqual(["18"]);
  expect(roomOf({ ...images, replicas: 4 }, { azure })).toEqual(["6"]);
});

it("names the largest number of replicas that fits, where one does", () => {
  const fixOf = (max: number) =>
    fitProblems(
      { ...images, replicas: 2 },
      { azure: { ...azure, gpuPools: { t4: { ...azure.gpuPools.t4, max } } } },
    ).map(({ fix }) => fix);
  expect(fixOf(2)).toEqual(['Write at most 1, or raise max of a pool under clusters["azure"].gpuPools.']);
  expect(fixOf(1)).toEqual(['Raise max of a pool under clusters["azure"].gpuPools.']);
});

it("says nothing of nodes without GPUs that are not known", () => {
  expect(fitProblems({ ...fraud, replicas: 1_000 }, { site })).toEqual([]);
  expect(totalFitProblems({ a: { ...fraud, replicas: 500 }, b: { ...fraud, replicas: 500 } }, { site })).toEqual([]);
});
