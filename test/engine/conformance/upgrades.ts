import { ValidatingWebhookConfiguration } from "@pulumi/kubernetes/admissionregistration/v1/validatingWebhookConfiguration.js";
import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import type * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clouds } from "../../../components/cluster/clouds.ts";
import { ModelDeployment } from "../../../components/model/modelDeployment.ts";
import { objectNames, releaseRoutes, subsets } from "../../../components/model/objectNames.ts";
import { baseValues } from "../../../components/platform/istio.ts";
import { context, host, sound } from "../../components/model/fixtures.ts";
import { at, type EngineUnderTest, refusalOf, writeAs } from "./engineUnderTest.ts";

type Opts = pulumi.CustomResourceOptions;
interface Route {
  readonly name: string;
  readonly route: readonly { readonly destination: { readonly subset: string } }[];
}
interface Webhooks {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly webhooks: readonly (Record<string, unknown> & { readonly name: string })[];
}

const webhookPath = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/istiod-conformance";
const hook = "validation.istio.io";

/**
 * What happens to a deployed platform and its models in a year: controllers write their fields, then the next version
 * is deployed. Controllers are their field managers here, since nothing else of them matters to an engine.
 */
export function describeUpgrades(name: string, start: () => Promise<EngineUnderTest>): void {
  describe(name, () => {
    let engine: EngineUnderTest;
    beforeAll(async () => {
      engine = await start();
    });
    afterAll(() => engine?.stop());

    /** The webhook that both charts of Istio render, with the values of the platform. */
    const istio =
      (version: string, failurePolicy: string, annotations: Readonly<Record<string, string>> = {}) =>
      (opts: Opts) => {
        const labels = { "app.kubernetes.io/version": version };
        new ValidatingWebhookConfiguration(
          "validator",
          {
            metadata: { name: "istiod-conformance", labels, annotations: { ...annotations, version } },
            webhooks: [
              {
                name: hook,
                failurePolicy,
                sideEffects: "None",
                admissionReviewVersions: ["v1"],
                // Nothing is served there, so it must match nothing.
                rules: [
                  { apiGroups: ["nobody.test"], apiVersions: [version], operations: ["CREATE"], resources: ["x"] },
                ],
                clientConfig: { url: "https://istiod.invalid/validate" },
                namespaceSelector: { matchLabels: { injected: "true" } },
              },
            ],
          },
          opts,
        );
      };
    const declaredPolicy = (baseValues().base as { validationFailurePolicy: string }).validationFailurePolicy;
    const webhook = async () => (await at(engine, webhookPath)) as unknown as Webhooks;

    /** istiod, once it is ready: its certificate, and that its webhook fails closed. */
    const istiodIsReady = async () => {
      const [first] = (await webhook()).webhooks;
      const clientConfig = { ...(first?.clientConfig as object), caBundle };
      const webhooks = [{ ...first, failurePolicy: "Fail", clientConfig }];
      await writeAs(engine, "pilot-discovery", webhookPath, { webhooks });
    };

    /** AKS's enforcer, which leaves alone what has its annotation (Azure/AKS #1771). */
    const enforcerActs = async () => {
      const { metadata, webhooks } = await webhook();
      if (metadata.annotations?.["admissions.enforcer/disabled"] === "true") return;
      const keepOut = { key: "control-plane", operator: "DoesNotExist" };
      const kept = webhooks.map((one) => ({
        ...one,
        namespaceSelector: { ...(one.namespaceSelector as object), matchExpressions: [keepOut] },
      }));
      await writeAs(engine, "admissionsenforcer", webhookPath, { webhooks: kept });
    };

    it("Istio is upgraded after istiod has written its fields: nothing conflicts, and its certificate stays (istio #44285)", async () => {
      await engine.up(istio("1.30", declaredPolicy));
      await istiodIsReady();
      expect(await engine.up(istio("1.31", declaredPolicy))).toEqual(["updated validator"]);
      const { webhooks } = await webhook();
      expect(webhooks[0]).toMatchObject({ failurePolicy: "Fail", clientConfig: { caBundle } });
      await engine.destroy();
    });

    it("Istio is upgraded on AKS after the admissions enforcer has looked at it (Azure/AKS #4002)", async () => {
      const annotations = clouds.azure?.webhookAnnotations;
      await engine.up(istio("1.30", declaredPolicy, annotations));
      await istiodIsReady();
      await enforcerActs();
      expect(await engine.up(istio("1.31", declaredPolicy, annotations))).toEqual(["updated validator"]);
      await engine.destroy();
    });

    it("an upgrade of a webhook that the enforcer has rewritten would be refused", async () => {
      await engine.up(istio("1.30", declaredPolicy));
      await enforcerActs();
      const upgraded = istio("1.31", declaredPolicy);
      expect(await refusalOf(engine.up(upgraded))).toContain('conflict with "admissionsenforcer"');
      await engine.destroy();
    });

    it("an upgrade that sends another value than istiod's is refused, and says whose it is", async () => {
      await engine.up(istio("1.30", "Ignore"));
      await istiodIsReady();
      expect(await refusalOf(engine.up(istio("1.31", "Ignore")))).toContain('conflict with "pilot-discovery"');
      await engine.destroy();
    });

    it("a platform that was taken down comes up again: it finds the definitions that its charts keep", async () => {
      const platform = (opts: Opts) => void definition({ ...opts, retainOnDelete: true });
      await engine.up(platform, { stack: "platform", takeOver: true });
      await engine.destroy("platform");
      expect(await at(engine, definitionPath)).toBeDefined();
      await engine.up(platform, { stack: "platform", takeOver: true });
      expect(await engine.up(platform, { stack: "platform", takeOver: true })).toEqual(["unchanged definition"]);
    });

    it("a model's traffic changes in the middle of a canary: the controller's weights, subsets and selectors stay", async () => {
      const path = (plural: string, object: string) =>
        `/apis/networking.istio.io/v1/namespaces/${engine.namespace()}/${plural}/${object}`;
      const deploy = (timeout: "2s" | "9s") =>
        engine.up((opts) => {
          new ModelDeployment(
            "site-fraud",
            {
              ...context,
              namespace: engine.namespace(),
              model: { ...sound, traffic: { ...sound.traffic, timeout } },
              host,
              domain: "example.com",
              gateway: "istio-system/models",
              gatewayAddress: "gateway:80",
              gatewayProxies: { namespace: engine.namespace(), selector: { istio: "ingressgateway" } },
            },
            { providers: [opts.provider] },
          );
        });
      await deploy("2s");
      const release = path("virtualservices", objectNames("fraud").release);
      const specOf = async <Spec>(object: string) => (await at(engine, object))?.spec as Spec;
      const { http } = await specOf<{ http: Route[] }>(release);
      const shifted = http.map((entry) => ({
        ...entry,
        route: entry.route.map((one) => ({ ...one, weight: one.destination.subset === subsets.canary ? 20 : 80 })),
      }));
      await writeAs(engine, "rollouts-controller", release, { spec: { http: shifted } });
      const rule = await specOf<{ subsets: { name: string }[] }>(path("destinationrules", "fraud"));
      const labelled = rule.subsets.map((subset) => ({
        ...subset,
        labels: { "rollouts-pod-template-hash": subset.name },
      }));
      await writeAs(engine, "rollouts-controller", path("destinationrules", "fraud"), { spec: { subsets: labelled } });

      const names = objectNames("fraud");
      const services = [names.canaryService, names.stableService].map(
        (service) => `/api/v1/namespaces/${engine.namespace()}/services/${service}`,
      );
      const selector = (service: string) => ({ app: "fraud", "rollouts-pod-template-hash": service.slice(-6) });
      for (const service of services) {
        const metadata = { annotations: { "argo-rollouts.argoproj.io/managed-by-rollouts": "fraud" } };
        await writeAs(engine, "rollouts-controller", service, { metadata, spec: { selector: selector(service) } });
      }

      const changed = (await deploy("9s")).filter((event) => !event.startsWith("unchanged"));
      // The timeout of the gateway's callers and of those in the mesh, and how many requests may wait that long.
      expect(changed.sort()).toEqual([
        "updated site-fraud-destination-rule",
        "updated site-fraud-entry",
        "updated site-fraud-mesh",
      ]);
      expect((await at(engine, release))?.spec).toMatchObject({ http: shifted });
      expect((await at(engine, path("destinationrules", "fraud")))?.spec).toMatchObject({
        subsets: labelled,
        trafficPolicy: { connectionPool: { http: { http2MaxRequests: 9_000 } } },
      });
      for (const service of services) {
        const found = await at(engine, service);
        expect(found?.spec).toMatchObject({ selector: selector(service) });
        expect(found?.metadata.annotations).toMatchObject({ "argo-rollouts.argoproj.io/managed-by-rollouts": "fraud" });
      }
      const primary = shifted.find(({ name: route }) => route === releaseRoutes.http);
      expect(primary?.route.map(({ weight }) => weight).sort()).toEqual([20, 80]);
      await engine.destroy();
    });
  });
}

/** Base64, as the API server asks for. */
const caBundle = Buffer.from("istiod's").toString("base64");

const definitionPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/keepers.conformance.test";

function definition(opts: Opts): CustomResource {
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  return new CustomResource(
    "definition",
    {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "keepers.conformance.test", annotations: { "helm.sh/resource-policy": "keep" } },
      spec: {
        group: "conformance.test",
        scope: "Cluster",
        names: { plural: "keepers", singular: "keeper", kind: "Keeper" },
        versions: [{ name: "v1", served: true, storage: true, schema }],
      },
    },
    opts,
  );
}
