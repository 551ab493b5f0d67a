import type { iam } from "@pulumi/aws/types/input.js";
import * as pulumi from "@pulumi/pulumi";

export type Statement = iam.PolicyStatement;

/**
 * An IAM policy as the provider takes it: plain values, so that a plan shows what is allowed even where an ARN is not
 * known yet.
 */
export function policyDocument(statements: readonly Statement[]): iam.PolicyDocument {
  return { Version: "2012-10-17", Statement: [...statements] };
}

/** Lets one AWS service assume a role, under conditions that keep other accounts from using the service for it. */
export function serviceTrust(service: string, condition?: Statement["Condition"]): Statement {
  return {
    Effect: "Allow",
    Principal: { Service: `${service}.amazonaws.com` },
    Action: "sts:AssumeRole",
    ...(condition === undefined ? {} : { Condition: condition }),
  };
}

/**
 * Lets EKS Pod Identity assume a role for one service account of one cluster and for nothing else. Without
 * `sts:TagSession` it may not name them, and the role cannot be assumed at all (EKS user guide, "EKS Pod Identity
 * role").
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

/** The tokens a cluster gives its service accounts. */
export interface TokenIssuer {
  /** `https://…` */
  readonly url: pulumi.Input<string>;
  /** Of the OpenID Connect provider that knows it to IAM. */
  readonly provider: pulumi.Input<string>;
}

/** Lets the token of one service account assume a role. */
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
