import { showPod, textRule } from "./rule.ts";

const where = /^(event Failed|waiting (ErrImagePull|ImagePullBackOff))/;
const image = (groups: Readonly<Record<string, string>>) => groups.image ?? "the image";
/** containerd's and CRI-O's sentences name the image in quotes. */
const named = String.raw`(?:[Ff]ailed to pull image|[Bb]ack-off pulling image) "(?<image>[^"]+)"[\s\S]*`;

/** Why a node cannot get an image. Sentences of containerd, as the kubelet passes them on in its events. */
export const imageRules = [
  textRule({
    name: "image-not-found",
    area: "image",
    title: "the registry has no such image",
    sign: "`Failed to pull image …: … not found`, `manifest unknown`",
    where,
    pattern: new RegExp(`${named}(?:: not found|manifest unknown|name unknown|NAME_UNKNOWN)`),
    cause: (groups) => `The registry has no image ${image(groups)}.`,
    change: "Correct `server.image`, or push the image; with a mirror, bring it there (docs/mirrors.md).",
    final: true,
  }),
  textRule({
    name: "image-credentials",
    area: "image",
    title: "the registry does not give the image to this node",
    sign: "`401 Unauthorized`, `403 Forbidden`, `insufficient_scope: authorization failed`, `pull access denied`",
    where,
    pattern: new RegExp(
      `${named}(?:401 Unauthorized|403 Forbidden|authorization failed|pull access denied|no basic auth credentials|authentication required|denied:)`,
    ),
    cause: (groups) => `The registry does not give this node the image ${image(groups)}.`,
    change:
      "Give the nodes credentials for the registry, or the ServiceAccount an imagePullSecret; check them with: npx serin preflight <environment> --registry-credentials <file>.",
    final: true,
  }),
  textRule({
    name: "image-rate-limit",
    area: "image",
    title: "the registry limits pulls",
    sign: "`429 Too Many Requests`, `toomanyrequests`",
    where,
    pattern: new RegExp(`${named}(?:429 Too Many Requests|toomanyrequests)`),
    cause: (groups) => `The registry limits pulls, and has refused ${image(groups)} for now.`,
    change: "Wait, give the nodes an account of the registry, or pull from a mirror (docs/mirrors.md).",
  }),
  textRule({
    name: "registry-name",
    area: "image",
    title: "the name of the registry does not resolve",
    sign: "`dial tcp: lookup …: no such host`",
    where,
    pattern: new RegExp(
      `${named}lookup (?<host>[\\w.-]+)[^:]*(?::\\d+)?: (?:no such host|server misbehaving|i/o timeout)`,
    ),
    cause: ({ host }) => `The node cannot resolve the registry's name ${host}.`,
    change: "Correct the name, or the DNS servers of the nodes (not those of pods).",
  }),
  textRule({
    name: "registry-unreachable",
    area: "image",
    title: "the node does not reach the registry",
    sign: "`dial tcp …: i/o timeout`, `connection refused`, `x509: certificate signed by unknown authority`",
    where,
    pattern: new RegExp(
      `${named}(?<why>dial tcp (?!:? ?lookup)[^ ]+ (?:i/o timeout|connect: [a-z ]+)|x509: [^"]+|net/http: TLS handshake timeout)`,
    ),
    cause: (groups) => `The node does not reach the registry of ${image(groups)}: ${groups.why}.`,
    change: "Open the way out of the node's network, or declare a mirror that the nodes reach (docs/mirrors.md).",
  }),
  textRule({
    name: "image-architecture",
    area: "image",
    title: "the image is for other machines",
    sign: "`no match for platform in manifest`, `exec format error`",
    pattern: /(?:no match for platform in manifest|exec format error)/,
    cause: () => "The image has nothing for the architecture of the node.",
    change: "Take an image of the node's architecture (arm64 has one of its own), or a pool of amd64 machines.",
    next: showPod,
    final: true,
  }),
];
