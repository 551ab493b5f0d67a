import type { Evidence, RequestEvidence } from "../evidence.ts";
import { type Found, type Rule, shortened, textRule } from "./rule.ts";

/** What a request got, as evidence. */
function answered({ url, host, status, body = "", server, error }: RequestEvidence): string {
  const got =
    status === undefined
      ? `${error?.code ?? "no answer"}: ${error?.message ?? ""}`
      : `${status}${server === undefined ? "" : ` from ${server}`} ${shortened(body)}`;
  return `GET ${url} (Host: ${host}): ${got.trim()}`;
}

/** A rule about what a request through the gateway got. */
function requestRule(
  rule: Omit<Rule, "find">,
  look: (request: RequestEvidence, evidence: Evidence) => Pick<Found, "cause"> & Partial<Found>,
  when: (request: RequestEvidence, evidence: Evidence) => boolean,
): Rule {
  return {
    ...rule,
    find: (evidence) => {
      const { request } = evidence;
      if (request === undefined || !when(request, evidence)) return [];
      return [{ evidence: [answered(request)], about: [], ...look(request, evidence) }];
    },
  };
}

const ready = ({ pods }: Evidence) => pods.filter((pod) => pod.ready && !pod.ending).length;
const curl = 'curl -i -H "Host: <host>" <url>';

/** Why a request does not reach the model. */
export const routeRules: readonly Rule[] = [
  textRule({
    name: "sidecar-not-ready",
    area: "mesh",
    title: "the sidecar does not become ready",
    sign: "container `istio-proxy` not ready; its log: `connection error`, `failed to sign CSR`, `not yet valid`",
    where: /^log/,
    pattern:
      /(?:failed to sign|connection error: .*istiod|connection refused.*istiod|istiod.*connection refused|certificate has expired or is not yet valid|workload certificate|authentication failure|no such host.*istiod|lookup istiod\S* .*)/,
    when: (_, { container }) => container?.name === "istio-proxy" && !container.ready,
    cause: () => "The sidecar gets no configuration or certificate from istiod.",
    change: "Look at istiod, at the cluster's DNS, and at the clock of the node.",
    confidence: "likely",
    next: "<kubectl> logs -n <namespace> <pod> -c istio-proxy",
  }),
  {
    name: "sidecar-missing",
    area: "mesh",
    title: "pods have no sidecar",
    sign: "a pod of the model without container `istio-proxy`",
    change:
      "Label the namespace for the revision of istiod that runs (istio-injection=enabled or istio.io/rev=…), then start the pods anew: with strict mTLS nobody reaches a pod without one, and nothing counts its requests.",
    confidence: "certain",
    next: "<kubectl> get namespace <namespace> --show-labels",
    find: ({ pods, embedded }) => {
      const bare = pods.filter(
        ({ containers, ending }) =>
          !ending && containers.length > 0 && !containers.some(({ name }) => name === "istio-proxy"),
      );
      if (embedded || bare.length === 0) return [];
      const names = bare.map(({ name }) => name);
      return [
        {
          cause: `${bare.length} of ${pods.length} pods have no sidecar.`,
          evidence: bare.map(
            ({ name, containers }) => `${name}: containers ${containers.map((one) => one.name).join(", ")}`,
          ),
          about: names,
        },
      ];
    },
  },
  {
    name: "no-entry",
    area: "route",
    title: "no VirtualService has the model's host",
    sign: "the gateway answers 404",
    change: "Bring the models layer up again; look who else took the host name.",
    confidence: "certain",
    next: "<kubectl> get virtualservices -A",
    find: ({ route, model, rollout }) =>
      route === undefined || rollout === undefined || route.entries.length > 0
        ? []
        : [
            {
              cause: `No VirtualService has the host ${model.host}, so the gateway knows no way to the model.`,
              evidence: [`VirtualServices of namespace ${model.namespace}: none with host ${model.host}`],
              about: [],
            },
          ],
  },
  {
    name: "no-release-route",
    area: "route",
    title: "the VirtualService with the weights is missing",
    sign: "`<model>-release` does not exist",
    change: "Bring the models layer up again.",
    confidence: "certain",
    next: "<kubectl> get virtualservices -n <namespace>",
    find: ({ route, model, rollout }) =>
      route === undefined || rollout === undefined || route.release
        ? []
        : [
            {
              cause: `VirtualService ${model.name}-release does not exist, so nothing says which version gets requests.`,
              evidence: [`VirtualService ${model.namespace}/${model.name}-release: not found`],
              about: [],
            },
          ],
  },
  {
    name: "gateway-missing",
    area: "route",
    title: "the Gateway that the route names is missing",
    sign: "a VirtualService names a Gateway that does not exist, or that has other hosts",
    change: "Bring the platform up again, or correct the adopted gateway in the declaration.",
    confidence: "certain",
    next: "<kubectl> get gateways -A",
    find: ({ route, model }) =>
      (route?.entries ?? []).flatMap(({ name, gateways }) =>
        gateways
          .filter((gateway) => gateway !== "mesh")
          .flatMap((gateway) => {
            const hosts = route?.gateways[gateway];
            if (hosts?.some((host) => covers(host, model.host)) === true) return [];
            return [
              {
                cause:
                  hosts === undefined
                    ? `VirtualService ${name} names the Gateway ${gateway}, which does not exist.`
                    : `Gateway ${gateway} does not take the host ${model.host}.`,
                evidence: [`Gateway ${gateway}: ${hosts === undefined ? "not found" : `hosts ${hosts.join(", ")}`}`],
                about: [gateway],
              },
            ];
          }),
      ),
  },
  {
    name: "gateway-address",
    area: "route",
    title: "the gateway has no address",
    sign: "the Service of the gateway has no `status.loadBalancer.ingress`",
    change:
      "Look at the events of the Service: a quota, a subnet without the tag of the load balancer, or no controller that makes one.",
    confidence: "certain",
    next: "<kubectl> describe service -n istio-ingress istio-ingressgateway",
    find: ({ notRead }) =>
      notRead.address === undefined ? [] : [{ cause: notRead.address, evidence: [notRead.address], about: [] }],
  },
  requestRule(
    {
      name: "dns",
      area: "route",
      title: "a name does not resolve",
      sign: "`ENOTFOUND`, `EAI_AGAIN`",
      change:
        "Point the domain's record to the gateway's address (docs/ingress.md), or wait for the name of a new load balancer.",
      confidence: "certain",
      next: "dig <host>",
    },
    ({ error }) => ({ cause: `The name cannot be resolved here: ${error?.message}.` }),
    ({ error }) => /^(ENOTFOUND|EAI_AGAIN)$/.test(error?.code ?? ""),
  ),
  requestRule(
    {
      name: "gateway-certificate",
      area: "route",
      title: "the gateway's certificate is not accepted",
      sign: "`CERT_HAS_EXPIRED`, `ERR_TLS_CERT_ALTNAME_INVALID`, `UNABLE_TO_VERIFY_LEAF_SIGNATURE`, `SELF_SIGNED_CERT_IN_CHAIN`",
      change: "Look at the Certificate in the gateway's namespace; a private authority must be known to callers.",
      confidence: "certain",
      next: "<kubectl> get certificates -A",
    },
    ({ error, host }) => ({
      cause: `The gateway's certificate is refused for ${host}: ${error?.message} (${error?.code}).`,
    }),
    ({ error }) => /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME|SSL|TLS/.test(error?.code ?? ""),
  ),
  requestRule(
    {
      name: "gateway-unreachable",
      area: "route",
      title: "the gateway does not answer",
      sign: "`ECONNREFUSED`, `ETIMEDOUT`, `ECONNRESET`",
      change: "Look at the gateway's pods and at what stands before them: load balancer, firewall, source ranges.",
      confidence: "certain",
      next: curl,
    },
    ({ error, url }) => ({ cause: `Nothing answers at ${new URL(url).host}: ${error?.message}.` }),
    ({ error }) =>
      error !== undefined &&
      !/^(ENOTFOUND|EAI_AGAIN)$|CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME|SSL|TLS/.test(error.code),
  ),
  requestRule(
    {
      name: "wrong-host",
      area: "route",
      title: "the gateway does not know the host",
      sign: "404 from the gateway (`server: istio-envoy`) with an empty body",
      change:
        "Send the model's host name (Host header, or the name in the URL); look at the VirtualServices and their gateways.",
      confidence: "likely",
      next: "<kubectl> get virtualservices,gateways -A",
    },
    ({ host }) => ({ cause: `The gateway has no route for the host ${host}.` }),
    ({ status, body = "" }) => status === 404 && body.trim() === "",
  ),
  requestRule(
    {
      name: "unknown-model",
      area: "route",
      title: "Triton does not know the model by this name",
      sign: "`Request for unknown model`, 400 or 404 from Triton",
      change: "Name the folder in the repository like the model in the environment.",
      confidence: "certain",
      next: curl,
    },
    (_, { model }) => ({ cause: `Triton has no model "${model.name}": its repository names it differently.` }),
    ({ body = "" }) => /unknown model/i.test(body),
  ),
  requestRule(
    {
      name: "no-healthy-upstream",
      area: "route",
      title: "the gateway has no pod to send to",
      sign: "503 `no healthy upstream`",
      change:
        "Look why no pod is ready. Where pods are ready: outlier detection took them out for a while, or the subset's labels match none.",
      confidence: "certain",
      next: "<kubectl> get pods -n <namespace> -l app=<model> --show-labels",
    },
    (_, evidence) => ({
      cause:
        ready(evidence) === 0
          ? "The gateway has no pod to send requests to: none is ready."
          : `The gateway sends to none of the ${ready(evidence)} ready pods: they failed and were taken out, or the labels of the subset match none.`,
    }),
    ({ status, body = "" }) => status === 503 && /no healthy upstream/.test(body),
  ),
  requestRule(
    {
      name: "mtls",
      area: "mesh",
      title: "gateway and pods do not agree on mTLS",
      sign: "503 `upstream connect error … TLS_error`, `connection termination`, `reset reason`",
      change:
        "Look whether pods have sidecars, and whether a PeerAuthentication or DestinationRule of the namespace says another mode.",
      confidence: "likely",
      next: "<kubectl> get peerauthentications,destinationrules -A",
    },
    ({ body = "" }) => ({
      cause: /TLS|CERTIFICATE/i.test(body)
        ? "The gateway and the pods do not agree on mTLS."
        : "The gateway reaches the pods and the connection breaks: mTLS, or a server that crashes on the request.",
      confidence: /TLS|CERTIFICATE/i.test(body) ? "certain" : "possible",
    }),
    ({ status, body = "" }) => status === 503 && /upstream connect error/.test(body),
  ),
  requestRule(
    {
      name: "token",
      area: "callers",
      title: "the request has no valid token",
      sign: "401 `Jwt is missing`, `Jwt is expired`, `Jwks doesn't have key`; 403 `RBAC: access denied`",
      change:
        "Send a token of the declared issuer and audience; `Jwks remote fetch is failed`: let istiod reach the issuer.",
      confidence: "certain",
      next: "<kubectl> get requestauthentications,authorizationpolicies -n <namespace> -o yaml",
    },
    ({ status, body = "" }) => ({
      cause:
        status === 401
          ? `The token was refused: ${shortened(body)}.`
          : "No token, or one of another audience, came with the request.",
    }),
    ({ status, body = "" }, { model }) =>
      // The request of this command brings no token, so a refusal is what the declaration wants.
      (status === 401 || (status === 403 && /RBAC/.test(body))) && !(model.jwt && !/remote fetch|Jwks/.test(body)),
  ),
  requestRule(
    {
      name: "rate-limit",
      area: "callers",
      title: "the client sent more than it may",
      sign: "429 `local_rate_limited`, header `retry-after`",
      change: "Send less, or raise traffic.rateLimit; behind a proxy all callers have one address.",
      confidence: "certain",
      next: curl,
    },
    () => ({ cause: "The gateway limits requests of this client (traffic.rateLimit)." }),
    ({ status }) => status === 429,
  ),
  requestRule(
    {
      name: "timeout",
      area: "callers",
      title: "the model does not answer in time",
      sign: "504 `upstream request timeout`",
      change:
        "Look at the queue and the latency of the pods; raise traffic.timeout only if slow answers are worth having.",
      confidence: "certain",
      next: "npx serin release status <model>",
    },
    () => ({ cause: "No answer came within traffic.timeout." }),
    ({ status }) => status === 504,
  ),
  {
    name: "certificate",
    area: "route",
    title: "a certificate is not made or has run out",
    sign: "cert-manager's Certificate is not `Ready`, or its `notAfter` has passed",
    change:
      "Look at the Certificate's requests and challenges: the ACME server must reach the solver, the issuer must exist.",
    confidence: "certain",
    next: "<kubectl> describe certificates,certificaterequests,challenges -A",
    find: ({ certificates = [], at }) =>
      certificates
        .filter(
          ({ ready: made, notAfter }) => !made || (notAfter !== undefined && Date.parse(notAfter) < Date.parse(at)),
        )
        .map(({ name, message, notAfter }) => ({
          cause:
            notAfter !== undefined && Date.parse(notAfter) < Date.parse(at)
              ? `Certificate ${name} ran out on ${notAfter}.`
              : `Certificate ${name} is not made: ${shortened(message)}`,
          evidence: [
            `Certificate ${name}: ${shortened(message) || "not ready"}${notAfter === undefined ? "" : `, until ${notAfter}`}`,
          ],
          about: [name],
        })),
  },
];

/** `*` and `*.example.com`, as Istio reads the hosts of a server; a namespace may stand before them. */
function covers(pattern: string, host: string): boolean {
  const plain = pattern.split("/").at(-1) ?? pattern;
  return plain === "*" || plain === host || (plain.startsWith("*.") && host.endsWith(plain.slice(1)));
}
