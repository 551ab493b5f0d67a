import { describe, expect, it, vi } from "vitest";
import { down } from "../../cli/verbs/down.ts";
import { plan } from "../../cli/verbs/plan.ts";
import { predict } from "../../cli/verbs/predict.ts";
import { preflight } from "../../cli/verbs/preflight.ts";
import { rehearse } from "../../cli/verbs/rehearse.ts";
import { status } from "../../cli/verbs/status.ts";
import { up } from "../../cli/verbs/up.ts";
import { exitCodes } from "../../components/core/problem.ts";
import { program } from "../../stacks/program.ts";
import { wrongShop } from "./wrongShop.fixture.ts";

vi.mock(import("../../stacks/project.ts"), async (original) => ({
  ...(await original()),
  environments: { shop: (await import("./wrongShop.fixture.ts")).wrongShop },
}));

describe("a wrong declaration is refused before anything is done, by", () => {
  const invocation = { signal: new AbortController().signal, json: true };
  const rehearsal = { to: "2", fault: "", timeout: "15m", report: "rehearsals", environment: "shop" };

  it.each<[string, () => unknown]>([
    ["serin plan", () => plan("shop", {}, invocation)],
    ["serin up", () => up("shop", {}, invocation)],
    ["serin preflight", () => preflight("shop", {}, invocation)],
    ["serin status", () => status("shop", {}, invocation)],
    ["serin down", () => down("shop", { yes: true }, invocation)],
    ["serin predict", () => predict("fraud", { environment: "shop" }, invocation)],
    ["serin rehearse", () => rehearse("fraud", rehearsal, invocation)],
    ["pulumi preview", () => program("shop-cluster", { shop: wrongShop })],
  ])("%s", async (_title, refuse) => {
    await expect((async () => refuse())()).rejects.toMatchObject({
      subject: 'Environment "shop" is invalid',
      problems: [
        {
          path: 'clusters["aws"].gpuPools["l4"].purchaze',
          reason: "there is no such key.",
          fix: 'Did you mean "purchase"?',
        },
        { path: "models.fraud.version", reason: "it is missing." },
      ],
      exitCode: exitCodes.badInput,
    });
  });
});
