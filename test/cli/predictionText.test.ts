import { expect, it } from "vitest";
import { predictionText } from "../../cli/verbs/predict.ts";

it("shows the first values of a long answer, and how many there are", () => {
  const prediction = {
    outputs: { output: Array.from({ length: 1_000 }, (_, index) => index), score: [0.5] },
    version: "1",
    latencyMs: 3.4,
    url: "http://127.3.0.1:8080/v2/models/resnet50/infer",
    host: "resnet50.models.local",
  };
  expect(predictionText("resnet50", prediction).split("\n")[0]).toBe(
    "output [0,1,2,3,4,5,6,7,…] (1000 values)  score [0.5]",
  );
});
