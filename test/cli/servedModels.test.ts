import { expect, it } from "vitest";
import { servedModels } from "../../cli/servedModels.ts";

const prediction = {
  outputs: { score: [0.5] },
  version: "1",
  latencyMs: 3.4,
  url: "http://127.3.0.1:8080/v2/models/fraud/infer",
  host: "fraud.models.local",
};

it("says that a version is still being released, since the one before may have answered", () => {
  const fraud = { version: "1", state: "release under way, step 1", releasing: "2", prediction };
  expect(servedModels({ fraud }).split("\n")).toEqual([
    "",
    "score [0.5]",
    "fraud version 1, 3.4 ms",
    "http://127.3.0.1:8080/v2/models/fraud/infer  (Host: fraud.models.local)",
    "Version 2 is being released: it gets a share of the requests and is judged by them. It waits as long as",
    "none come. Follow it: npx serin release status fraud",
  ]);
});

it("shows the state alone of a model that no request was sent to", () => {
  expect(servedModels({ fraud: { version: "1", state: "healthy" } })).toBe("fraud version 1: healthy");
});

it("says how a model runs otherwise than on a cluster", () => {
  const detector = { version: "1", state: "healthy", standIn: "Runs on the CPU.", prediction };
  expect(servedModels({ detector })).toContain("\ndetector is not as on a cluster: Runs on the CPU.");
});
