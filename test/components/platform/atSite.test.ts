import { describe, expect, it } from "vitest";
import type { SiteSettings } from "../../../components/cluster/onPrem/siteSettings.ts";
import { ArgoRollouts, validateArgoRollouts } from "../../../components/platform/argoRollouts.ts";
import type { Certificate } from "../../../components/platform/certificate.ts";
import { Istio, validateIstio } from "../../../components/platform/istio.ts";
import { ModelNamespace, validateModelNamespace } from "../../../components/platform/modelNamespace.ts";
import { Prometheus, validatePrometheus } from "../../../components/platform/prometheus.ts";
import { inputsOf, type Recorded, recorded } from "../cluster/harness.ts";
import { renderedArgs, sampleArgs } from "../cluster/onPrem/sample.ts";

const install = {};
const chart = (of: Recorded, nameEnds: string) => inputsOf(of, "kubernetes:helm.sh/v4:Chart", nameEnds);

/** The platform as it is installed at a site, or in a cloud. Structure must not depend on values, so nothing is known. */
function installed(settings?: SiteSettings): Promise<Recorded> {
  const at = settings === undefined ? {} : { settings };
  return recorded(() => {
    const { address } = new Prometheus("prometheus", { install, ...at });
    const { gatewayAddress } = new Istio("istio", { install, ...at });
    new ArgoRollouts("rollouts", { install, ...at });
    const { namespaceName } = new ModelNamespace("models", { create: "models", ...at });
    return { address, gatewayAddress, namespaceName };
  });
}

describe("at a site of one's own", () => {
  it("charts come from the site's repository, before the environment's", async () => {
    const site = { registryMirror: { charts: "oci://registry.fra.example.com/charts" } };
    const run = await recorded(() => {
      new ArgoRollouts("rollouts", { install: { repository: "https://charts.example.com" }, settings: site });
      return {};
    });
    expect(chart(run, "")).toMatchObject({ chart: "oci://registry.fra.example.com/charts/argo-rollouts" });
  });

  it("every image comes from the site's registry, under the path it has upstream", async () => {
    const run = await installed(sampleArgs.settings);
    const registry = "registry.fra.example.com:5000/mirror";
    expect(chart(run, "-istiod").values).toMatchObject({ global: { hub: `${registry}/istio` } });
    expect(chart(run, "rollouts-chart").values).toMatchObject({ controller: { image: { registry, tag: "v1.9.1" } } });
    expect(chart(run, "prometheus-chart").values).toMatchObject({
      prometheusOperator: {
        image: { registry },
        prometheusConfigReloader: { image: { registry } },
        thanosImage: { registry },
      },
      prometheus: { prometheusSpec: { image: { registry } } },
      "kube-state-metrics": { image: { registry } },
      "prometheus-node-exporter": { image: { registry } },
    });
  });

  it("each image comes from the address that a pull-through cache has for its registry, others from their own", async () => {
    const cache = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
    const images = { "docker.io": `${cache}/docker-hub`, "registry.k8s.io": `${cache}/kubernetes` };
    const run = await installed({ registryMirror: { images } });
    expect(chart(run, "-istiod").values).toMatchObject({ global: { hub: `${cache}/docker-hub/istio` } });
    const { prometheusOperator, "kube-state-metrics": metrics } = chart(run, "prometheus-chart").values as {
      prometheusOperator: object;
      "kube-state-metrics": object;
    };
    expect(metrics).toMatchObject({ image: { registry: `${cache}/kubernetes` } });
    expect(prometheusOperator).not.toHaveProperty("image");
  });

  it("what istiod's webhooks must see comes later where an agent applies manifests by kind (istio #53290, #46307)", async () => {
    const later = { "argocd.argoproj.io/sync-wave": "1" };
    const rendered = await installed(renderedArgs.settings);
    expect(chart(rendered, "-ingressgateway").values).toMatchObject({ annotations: later });
    const custom = ({ resources }: Recorded) =>
      resources
        .filter(({ type }) => /:(Gateway|PeerAuthentication)$/.test(type))
        .map(({ props }) => (props.metadata as { annotations?: object }).annotations);
    expect(custom(rendered)).toEqual([later, later, later]);
    const direct = await installed();
    expect(chart(direct, "-ingressgateway").values).not.toHaveProperty("annotations");
    expect(custom(direct)).toEqual([undefined, undefined, undefined]);
  });

  it("so does what cert-manager's webhook must see, whoever signs", async () => {
    const dns01 = { cloudDNS: { project: "shop-1" } };
    const signers: Certificate[] = [{ kind: "privateCa" }, { kind: "acme", email: "ops@example.com", dns01 }];
    for (const certificate of signers) {
      const { resources } = await recorded(() => {
        new Istio("istio", { install, certificate, domain: "models.example.com", ...renderedArgs });
        return {};
      });
      const waves = resources
        .filter(({ type }) => type.startsWith("kubernetes:cert-manager.io/"))
        .map(({ props }) => (props.metadata as { annotations?: object }).annotations);
      expect(new Set(waves.map((wave) => JSON.stringify(wave)))).toEqual(
        new Set(['{"argocd.argoproj.io/sync-wave":"1"}']),
      );
    }
  });

  it("the gateway listens on the site's port of every node, and clients are sent there", async () => {
    const run = await installed(sampleArgs.settings);
    const { service } = chart(run, "-ingressgateway").values as { service: { type: string; ports: object[] } };
    expect(service.type).toBe("NodePort");
    expect(service.ports.filter((port) => "nodePort" in port)).toEqual([
      { name: "http2", port: 80, protocol: "TCP", targetPort: 80, nodePort: 30080 },
    ]);
    expect(run.outputs.gatewayAddress).toBe("gpu.fra.example.com:30080");
  });

  it("the gateway is known inside alone where nobody says how nodes are called", async () => {
    const { outputs } = await installed({ ingress: { kind: "nodePort", port: 30080 } });
    expect(outputs.gatewayAddress).toBe("istio-ingressgateway.istio-ingress.svc.cluster.local:80");
  });

  it("Prometheus remembers on a volume of the class that is named, else of the cluster's own", async () => {
    const claim = async (settings?: SiteSettings) => {
      const { prometheus } = chart(await installed(settings), "prometheus-chart").values as {
        prometheus: { prometheusSpec: { storageSpec: { volumeClaimTemplate: { spec: object } } } };
      };
      return prometheus.prometheusSpec.storageSpec.volumeClaimTemplate.spec;
    };
    const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "20Gi" } } };
    expect(await claim(sampleArgs.settings)).toEqual({ ...spec, storageClassName: "ceph-block" });
    expect(await claim()).toEqual(spec);
  });

  it("the same resources are made as in a cloud", async () => {
    const urns = async (settings?: SiteSettings) => (await installed(settings)).resources.map(({ urn }) => urn).sort();
    const cloud = await urns();
    for (const settings of [sampleArgs.settings, renderedArgs.settings]) expect(await urns(settings)).toEqual(cloud);
  });
});

it("in a cloud, charts, images and the gateway's Service are as their makers have them", async () => {
  const run = await installed();
  // Upstream's own registry closes in December 2026.
  expect(chart(run, "-istiod").values).toHaveProperty("global", { hub: "docker.io/istio" });
  expect(chart(run, "-ingressgateway").values).toMatchObject({ labels: { istio: "ingressgateway" } });
  expect(chart(run, "-ingressgateway").values).not.toHaveProperty("service");
  expect(chart(run, "prometheus-chart").values).not.toHaveProperty("global");
  expect(chart(run, "rollouts-chart").values).toMatchObject({ controller: { image: { tag: "v1.9.1" } } });
});

describe("where manifests are rendered, nothing is adopted:", () => {
  const refused = (settings: SiteSettings) => ({
    istio: validateIstio({ adopt: { gateway: { address: "gateway.example.com:80", port: "80" } }, settings }),
    prometheus: validatePrometheus({ adopt: { address: "http://prometheus.example.com:9090" }, settings }),
    argoRollouts: validateArgoRollouts({ adopt: {}, settings }),
    modelNamespace: validateModelNamespace({ adopt: "models", settings }),
  });

  it("each system says what to write instead", () => {
    const problem = {
      path: "adopt",
      reason: "manifests are rendered for this site, so what is there cannot be looked at.",
      fix: "Write install: {}.",
    };
    expect(refused(renderedArgs.settings)).toEqual({
      istio: [problem],
      prometheus: [problem],
      argoRollouts: [problem],
      modelNamespace: [{ ...problem, fix: 'Write create: "models".' }],
    });
  });

  it("while a site that is reached may have everything already", () => {
    expect(Object.values(refused(sampleArgs.settings)).flat()).toEqual([]);
  });

  it("and the component refuses it, too", async () => {
    const adopting = recorded(() => {
      new ArgoRollouts("rollouts", { adopt: {}, settings: renderedArgs.settings });
      return {};
    });
    await expect(adopting).rejects.toThrow("so what is there cannot be looked at. Write install: {}.");
  });
});
