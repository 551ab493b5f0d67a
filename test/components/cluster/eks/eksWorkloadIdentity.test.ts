import { describe, expect, it } from "vitest";
import type { StorePermission } from "../../../../components/cluster/workloadIdentity.ts";
import { inputsOf, recorded } from "../harness.ts";
import { answers, build } from "./sample.ts";

type Binding = readonly [namespace: string, serviceAccount: string, permission: StorePermission];

const read = { access: "read", prefix: "fraud" } as const;
const bound = (...bindings: Binding[]) =>
  recorded(() => {
    const { workloadIdentity } = build();
    return { bindings: bindings.map((binding) => workloadIdentity.bind(...binding)) };
  }, answers);
const policy = async (permission: StorePermission) =>
  inputsOf(await bound(["models", "fraud", permission]), "aws:iam/rolePolicy:RolePolicy", "models_fraud-policy").policy;

const bucket = "arn:aws:s3:::aws-use1-models-bucket-1a2b3c4";

describe("a service account that is bound", () => {
  it("is told its role, by the one annotation that the token is projected for", async () => {
    const { outputs } = await bound(["models", "fraud", read]);
    expect(outputs.bindings).toEqual([
      {
        annotations: {
          "eks.amazonaws.com/role-arn":
            "arn:aws:iam::123456789012:role/aws-use1-workload-identity-models_fraud-1a2b3c4",
        },
        podLabels: {},
      },
    ]);
  });

  it("is the only one whose token is taken for it", async () => {
    const cluster = await bound(["models", "fraud", read]);
    expect(inputsOf(cluster, "aws:iam/role:Role", "models_fraud").assumeRolePolicy).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: {
            Federated: "arn:aws:iam::123456789012:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF",
          },
          Action: "sts:AssumeRoleWithWebIdentity",
          Condition: {
            StringEquals: {
              "oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF:sub": "system:serviceaccount:models:fraud",
              "oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF:aud": "sts.amazonaws.com",
            },
          },
        },
      ],
    });
    expect(inputsOf(cluster, "aws:iam/openIdConnectProvider:OpenIdConnectProvider")).toMatchObject({
      url: "https://oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF",
      clientIdLists: ["sts.amazonaws.com"],
    });
  });

  it("reads below its prefix, and uses the key for this bucket through S3 only", async () => {
    expect(await policy(read)).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "List",
          Effect: "Allow",
          Action: "s3:ListBucket",
          Resource: bucket,
          Condition: { StringLikeIfExists: { "s3:prefix": ["fraud", "fraud/*"] } },
        },
        { Sid: "Objects", Effect: "Allow", Action: ["s3:GetObject"], Resource: `${bucket}/fraud/*` },
        {
          Sid: "Key",
          Effect: "Allow",
          Action: ["kms:Decrypt"],
          Resource: "arn:aws:kms:us-east-1:123456789012:key/aws-use1-models-key",
          Condition: {
            StringEquals: {
              "kms:ViaService": "s3.us-east-1.amazonaws.com",
              "kms:EncryptionContext:aws:s3:arn": bucket,
            },
          },
        },
      ],
    });
  });

  it("puts and deletes there, too, when it may write, and never a version for good", async () => {
    const { Statement } = (await policy({ access: "write", prefix: "fraud" })) as {
      Statement: { Sid: string; Action: unknown; Resource: unknown }[];
    };
    expect(Statement.map(({ Sid, Action, Resource }) => [Sid, Action, Resource])).toEqual([
      ["List", "s3:ListBucket", bucket],
      ["Objects", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"], `${bucket}/fraud/*`],
      ["Key", ["kms:Decrypt", "kms:GenerateDataKey"], "arn:aws:kms:us-east-1:123456789012:key/aws-use1-models-key"],
    ]);
  });
});

it("tells two pairs apart whose names run together", async () => {
  const { resources } = await bound(["a-b", "c", read], ["a", "b-c", read]);
  const roles = resources.filter(
    ({ name }) => name.startsWith("aws-use1-workload-identity-") && !name.endsWith("policy"),
  );
  expect(roles.map(({ name }) => name).sort()).toEqual([
    "aws-use1-workload-identity-a-b_c",
    "aws-use1-workload-identity-a_b-c",
  ]);
});

it("gives every role a name that IAM takes, however long the pair's", async () => {
  const long = "a-namespace-or-account-of-sixty-three-characters-which-is-a-lot";
  const cluster = await bound([long, long, read], [long, "fraud", read]);
  const prefixes = cluster.resources.flatMap(({ props }) => (props.namePrefix === undefined ? [] : [props.namePrefix]));
  expect(prefixes).toHaveLength(2);
  expect(new Set(prefixes).size).toBe(2);
  expect(prefixes.filter((prefix) => String(prefix).length > 38)).toEqual([]);
});

it("binds a pair once", async () => {
  await expect(bound(["models", "fraud", read], ["models", "fraud", read])).rejects.toThrow(
    'bind("models/fraud"): it is bound already. Bind a service account once.',
  );
});

it.each(["", "/fraud", "fraud/", "fraud//1", "*", "$fraud", "fr?ud"])("refuses the prefix %j", async (prefix) => {
  await expect(bound(["models", "fraud", { access: "read", prefix }])).rejects.toThrow(
    `bind("models/fraud").prefix: "${prefix}" is not a prefix: names of A-Z, a-z, 0-9, ".", "_" and "-" with a "/" between them. Write, for example, "fraud".`,
  );
});
