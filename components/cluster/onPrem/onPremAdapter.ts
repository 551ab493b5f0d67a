import type * as pulumi from "@pulumi/pulumi";
import type { Problem } from "../../core/problem.ts";
import { repeats } from "../../core/repeats.ts";
import { type CloudAdapter, stackSettings } from "../cloudAdapter.ts";
import type { OnPremClusterArgs } from "./onPremArgs.ts";
import { OnPremCluster } from "./onPremCluster.ts";
import { defaultModelStore, type OnPremBucket, publishedModelStore } from "./onPremModelStore.ts";
import { onPremGpuPools } from "./onPremPools.ts";
import { validateOnPremCluster } from "./onPremProblems.ts";
import { onPremRuleBook } from "./onPremRuleBook.ts";
import { onPremRules } from "./onPremRules.ts";

/** The name of a configuration secret: `pulumi config set --secret <name>`. */
export interface ConfigurationSecret {
  /** The key, without the project's name. */
  readonly secret: string;
}

/** A cluster that exists and is adopted, in a data centre or at the edge. */
export type OnPremClusterSpec = { readonly cloud: "onPrem" } & Omit<
  OnPremClusterArgs,
  "kubeconfig" | "clusterIdentifier" | "modelStore"
> & {
    /** The secret with the kubeconfig. Left out for a site that manifests are rendered for. */
    readonly kubeconfig?: ConfigurationSecret;
    /** Where the site keeps its models. @default `{ pvc: "model-store" }` */
    readonly modelStore?: { readonly pvc: string } | { readonly s3: OnPremBucketSpec };
  };

/** A bucket whose keys are configuration secrets. */
export type OnPremBucketSpec = Omit<OnPremBucket, "credentials"> & {
  /** The secrets with the store's keys. */
  readonly credentials: Readonly<Record<keyof OnPremBucket["credentials"], ConfigurationSecret>>;
};

/** Clusters that exist already. */
export const onPrem: CloudAdapter<OnPremClusterSpec> = {
  rules: onPremRules,
  ruleBook: onPremRuleBook,
  adopted: true,
  identityMarks: { annotations: [], podLabels: {}, storeCredentials: true },
  brings: [],
  needs: ({ settings }) => (settings?.metricsServer === "install" ? ["metricsServer"] : []),
  starter: {
    cluster: () => ({
      cloud: "onPrem",
      kubeconfig: { secret: "kubeconfig" },
      // Private addresses: without any, the policy `ingress-limit-public` objects.
      settings: { ingress: { kind: "loadBalancer", sourceRanges: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"] } },
    }),
  },
  problems: (spec) => [...validateOnPremCluster(withoutSecrets(spec)), ...secretProblems(spec)],
  gpuPools: onPremGpuPools,
  systemNodes: () => undefined,
  region: () => undefined,
  kubernetesVersion: () => undefined,
  blocks: () => [],
  upload({ modelStore = defaultModelStore }, name, versions) {
    if ("pvc" in modelStore) {
      const folders = versions.map(({ to }) => to).join(", ");
      return [
        {
          says: `Put ${folders} into the PersistentVolumeClaim ${modelStore.pvc} in the models' namespace; the claim is yours to make. If the platform makes that namespace, do it after the next step.`,
        },
      ];
    }
    const { endpoint, bucket } = modelStore.s3;
    return [
      { command: `mc alias set ${name} ${endpoint}   # asks for keys that may write` },
      ...versions.map(({ from, to }) => ({ command: `mc mirror ${from} ${name}/${bucket}/${to}` })),
    ];
  },
  modelStore: (spec) => publishedModelStore(withoutSecrets(spec).modelStore),
  cloudDriver: () => undefined,
  quota: () => [],
  loadBalancer: () => undefined,
  settings: ({ settings }) => settings,
  configuration(spec) {
    const { modelStore } = spec;
    const kubeconfig = onPrem.kubeconfigSecret(spec);
    const keys = modelStore !== undefined && "s3" in modelStore ? Object.values(modelStore.s3.credentials) : [];
    return {
      values: [],
      secrets: [...(kubeconfig === undefined ? [] : [kubeconfig]), ...keys.map(({ secret }) => secret)],
    };
  },
  kubeconfigSecret: ({ kubeconfig }) => kubeconfig?.secret,
  // Its key alone names it: the program makes nothing of it, and the stack's name says which environment it is in.
  build: (spec, { key, identifier, secret }) => new OnPremCluster(key, clusterArgs(spec, identifier, secret)),
};

/** The arguments of the component, with secrets read by `secret`. */
function clusterArgs(
  { cloud: _, kubeconfig, modelStore, ...args }: OnPremClusterSpec,
  clusterIdentifier: string,
  secret: (name: string) => pulumi.Input<string>,
): OnPremClusterArgs {
  return {
    ...args,
    clusterIdentifier,
    ...(kubeconfig === undefined ? {} : { kubeconfig: secret(kubeconfig.secret) }),
    ...(modelStore === undefined
      ? {}
      : { modelStore: "pvc" in modelStore ? modelStore : { s3: withKeys(modelStore.s3) } }),
  };

  function withKeys({ credentials: { accessKeyId, secretAccessKey }, ...bucket }: OnPremBucketSpec): OnPremBucket {
    return {
      ...bucket,
      credentials: { accessKeyId: secret(accessKeyId.secret), secretAccessKey: secret(secretAccessKey.secret) },
    };
  }
}

/** Problems of the names of configuration secrets. */
function secretProblems({ kubeconfig, modelStore }: OnPremClusterSpec): Problem[] {
  const keys = modelStore !== undefined && "s3" in modelStore ? Object.entries(modelStore.s3.credentials) : [];
  const named = [
    ...(kubeconfig === undefined ? [] : [{ path: "kubeconfig.secret", name: kubeconfig.secret }]),
    ...keys.map(([key, { secret }]) => ({ path: `modelStore.s3.credentials.${key}.secret`, name: secret })),
  ];
  const fix = 'Write, for example, "siteKubeconfig", and set it with: pulumi config set --secret siteKubeconfig.';
  return [
    ...named
      .filter(({ name }) => !/^[\w.-]{1,253}$/.test(name))
      .map(({ path }) => ({
        path,
        // It is not repeated, since it may be the secret itself.
        reason: 'it is not the key of a configuration secret: letters, digits, ".", "_" and "-", without the project.',
        fix,
      })),
    ...named
      .filter(({ name }) => stackSettings.includes(name))
      .map(({ path, name }) => ({ path, reason: `"${name}" is the key of a setting that is not secret.`, fix })),
    ...repeats(named, ({ name }) => name).map(({ item, first }) => ({
      path: item.path,
      reason: `it is the secret of ${first.path.replace(/\.secret$/, "")}, too, and one value cannot be both.`,
      fix: "Write a secret of its own.",
    })),
  ];
}

/** A check of a declaration needs no secret, only that there is one. */
function withoutSecrets(spec: OnPremClusterSpec): OnPremClusterArgs {
  return clusterArgs(spec, "declared", (name) => `[${name}]`);
}
