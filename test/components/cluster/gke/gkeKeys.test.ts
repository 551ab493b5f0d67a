import { expect, it } from "vitest";
import { inputsOf, recorded } from "../harness.ts";
import { answers, build } from "./sample.ts";

const run = () => recorded(() => void build(), answers);

it.each([
  ["secrets", "service-123456789012@container-engine-robot.iam.gserviceaccount.com"],
  ["disks", "service-123456789012@compute-system.iam.gserviceaccount.com"],
  ["models", "service-123456789012@gs-project-accounts.iam.gserviceaccount.com"],
])("lets one service of Google's use the key of %s, and nobody else", async (use, agent) => {
  const recordedRun = await run();
  expect(inputsOf(recordedRun, "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember", `${use}-user`)).toEqual({
    cryptoKeyId: `gcp-euw4-keys-${use}-id`,
    role: "roles/cloudkms.cryptoKeyEncrypterDecrypter",
    member: `serviceAccount:${agent}`,
  });
  expect(inputsOf(recordedRun, "gcp:kms/cryptoKey:CryptoKey", use)).toMatchObject({ rotationPeriod: "7776000s" });
});

it("names neither ring nor key, since Google never lets a name be used again", async () => {
  const { resources } = await run();
  const kms = resources.filter(
    ({ type }) => type === "gcp:kms/keyRing:KeyRing" || type === "gcp:kms/cryptoKey:CryptoKey",
  );
  expect(kms).toHaveLength(4);
  for (const { props } of kms) expect(props).not.toHaveProperty("name");
});
