import { describe, expect, it } from "vitest";
import { requireSupportedMachine } from "../../../embedded/toolchain/ensureTools.ts";

describe("the machine", () => {
  it("is Linux on x86-64", () => {
    requireSupportedMachine("linux", "x64");
  });

  it.each([
    ["darwin", "arm64"],
    ["win32", "x64"],
    ["linux", "arm64"],
  ])("of another kind (%s %s) is refused with the way round", (platform, arch) => {
    expect(() => requireSupportedMachine(platform, arch)).toThrow(
      "serin up local --kubeconfig <file> --context <name>",
    );
  });
});
