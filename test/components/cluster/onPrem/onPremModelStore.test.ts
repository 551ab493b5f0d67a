import { describe, expect, it } from "vitest";
import {
  type OnPremModelStore,
  onPremIdentity,
  onPremModelStoreProblems,
  publishedModelStore,
} from "../../../../components/cluster/onPrem/onPremModelStore.ts";
import { secretSignature, specialSignatureKey } from "../../../../engine/sdkInternals.ts";
import { recorded } from "../harness.ts";

const bucket = {
  endpoint: "https://minio.example.com",
  bucket: "models",
  credentials: { accessKeyId: "id", secretAccessKey: "planted" },
} as const;
const permission = { access: "read", prefix: "fraud" } as const;

function problems(store: object): string[] {
  return onPremModelStoreProblems(store as OnPremModelStore).map(({ path, reason, fix }) =>
    [`${path}:`, reason, fix].join(" "),
  );
}

it("has nothing to say about a claim, a bucket, and a bucket inside the cluster", () => {
  const inside = { ...bucket, endpoint: "http://minio.storage.svc.cluster.local:9000" };
  expect([{ pvc: "model-store" }, { s3: bucket }, { s3: inside }].flatMap(problems)).toEqual([]);
});

describe("refuses", () => {
  it.each([
    [
      "a claim that cannot exist",
      { pvc: "Models" },
      'pvc: "Models" is not a DNS label of at most 63 characters (a-z, 0-9 and "-", first a letter). Write "models".',
    ],
    [
      "an endpoint without a scheme",
      { s3: { ...bucket, endpoint: "minio.example.com:9000" } },
      's3.endpoint: "minio.example.com:9000" is not https://, a host name or IPv4 address, and a port if it is not 443. Write, for example, "https://minio.example.com:9000"; keys belong into credentials.',
    ],
    [
      "an endpoint with a path",
      { s3: { ...bucket, endpoint: "https://minio.example.com/models" } },
      's3.endpoint: "https://minio.example.com/models" is not https://, a host name or IPv4 address, and a port if it is not 443. Write, for example, "https://minio.example.com:9000"; keys belong into credentials.',
    ],
    [
      "keys in the endpoint, without printing them",
      { s3: { ...bucket, endpoint: "https://id:planted@minio.example.com" } },
      's3.endpoint: "https://…@minio.example.com" is not https://, a host name or IPv4 address, and a port if it is not 443. Write, for example, "https://minio.example.com:9000"; keys belong into credentials.',
    ],
    [
      "plain HTTP over a network",
      { s3: { ...bucket, endpoint: "http://minio.example.com:9000" } },
      's3.endpoint: "http://minio.example.com:9000" is not encrypted, so anyone on the way could put another model in the place of ours. Write "https://…", or the store\'s Service if it runs in the cluster.',
    ],
    [
      "a bucket with a path",
      { s3: { ...bucket, bucket: "models/fraud" } },
      's3.bucket: "models/fraud" is not the name of a bucket: 3 to 63 of a-z, 0-9, "-" and ".". Write it without a path, for example "models".',
    ],
  ])("%s", (_, store, said) => {
    expect(problems(store)).toEqual([said]);
  });
});

it("is addressed as Triton reads it: with its port, whatever the endpoint says", () => {
  const url = (endpoint: string) => publishedModelStore({ s3: { ...bucket, endpoint } });
  expect(url("https://minio.example.com")).toEqual({
    kind: "s3",
    url: "s3://https://minio.example.com:443/models",
    region: "us-east-1",
  });
  expect(url("https://10.0.0.5:9000/")).toMatchObject({ url: "s3://https://10.0.0.5:9000/models" });
  expect(url("http://minio.storage.svc")).toMatchObject({ url: "s3://http://minio.storage.svc:80/models" });
});

it("is a claim in the models' namespace where nothing is said of a store", () => {
  expect(publishedModelStore()).toEqual({ kind: "pvc", claim: "model-store" });
});

it("gives bound pods the keys as the file the AWS SDKs read, never in the open", async () => {
  const { outputs } = await recorded(
    () => ({ ...onPremIdentity({ s3: bucket }).bind("models", "fraud", permission) }),
    {},
  );
  expect(outputs.credentials).toEqual({
    [specialSignatureKey]: secretSignature,
    value: { credentials: "[default]\naws_access_key_id = id\naws_secret_access_key = planted\n" },
  });
});

it("gives pods nothing for a claim: a volume asks nobody", () => {
  const identity = onPremIdentity({ pvc: "model-store" });
  expect(identity.kind).toBe("projectedSecret");
  expect(identity.bind("models", "fraud", permission)).toEqual({ annotations: {}, podLabels: {} });
});
