import type { iam } from "@pulumi/aws/types/input.js";
import * as pulumi from "@pulumi/pulumi";

/** A statement of an IAM policy, as the AWS provider takes it. Values may be outputs. */
export type Statement = iam.PolicyStatement;

/**
 * An IAM policy as the provider takes it: plain values, so that a plan shows what is allowed even where an ARN is not
 * known yet.
 */
export function policyDocument(statements: readonly Statement[]): iam.PolicyDocument {
  return { Version: "2012-10-17", Statement: [...statements] };
}

/**
 * Lets an AWS service (`ec2`, `firehose`) assume a role. A condition keeps other accounts from using the role through
 * the service.
 */
export function serviceTrust(service: string, condition?: Statement["Condition"]): Statement {
  return {
    Effect: "Allow",
    Principal: { Service: `${service}.amazonaws.com` },
    Action: "sts:AssumeRole",
    ...(condition === undefined ? {} : { Condition: condition }),
  };
}

/**
 * Lets EKS Pod Identity assume a role for one service account of one cluster, and for nothing else. `cluster` is the
 * cluster's ARN. Pod Identity names cluster and service account by session tags, so without `sts:TagSession` it cannot
 * assume the role (EKS user guide, "EKS Pod Identity role").
 */
export function podTrust(cluster: pulumi.Input<string>, namespace: string, serviceAccount: string): Statement {
  return {
    Effect: "Allow",
    Principal: { Service: "pods.eks.amazonaws.com" },
    Action: ["sts:AssumeRole", "sts:TagSession"],
    Condition: {
      StringEquals: {
        "aws:RequestTag/eks-cluster-arn": cluster,
        "aws:RequestTag/kubernetes-namespace": namespace,
        "aws:RequestTag/kubernetes-service-account": serviceAccount,
      },
    },
  };
}

/** The issuer of a cluster's service account tokens. */
export interface TokenIssuer {
  /** Its URL, `https://…`: the claim `iss` of the tokens. */
  readonly url: pulumi.Input<string>;
  /** ARN of the OpenID Connect provider that stands for the issuer in IAM. */
  readonly provider: pulumi.Input<string>;
}

/** Lets tokens of one service account, made for the audience `sts.amazonaws.com`, assume a role. */
export function tokenTrust({ url, provider }: TokenIssuer, namespace: string, serviceAccount: string): Statement {
  const Condition = pulumi.output(url).apply((known) => {
    const issuer = known.replace(/^https:\/\//, "");
    return {
      StringEquals: {
        [`${issuer}:sub`]: `system:serviceaccount:${namespace}:${serviceAccount}`,
        [`${issuer}:aud`]: "sts.amazonaws.com",
      },
    };
  });
  return {
    Effect: "Allow",
    Principal: { Federated: provider },
    Action: "sts:AssumeRoleWithWebIdentity",
    Condition,
  };
}
