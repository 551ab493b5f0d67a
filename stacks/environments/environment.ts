import { nameInCloud } from "../../components/cluster/cloudAdapter.ts";
import { type ClusterSpec, cloudOf, clouds } from "../../components/cluster/clouds.ts";
import { overlapProblems } from "../../components/cluster/network.ts";
import type { AtSite } from "../../components/cluster/onPrem/siteSettings.ts";
import { type RuleBook, ruleNameProblems } from "../../components/cluster/ruleBook.ts";
import { type Exemption, exemptionProblems } from "../../components/core/exemption.ts";
import { dnsLabelProblems, isDomainLabel } from "../../components/core/names.ts";
import { type Problem, under } from "../../components/core/problem.ts";
import { layers, layerWordIn } from "../../components/core/stackName.ts";
import type { Model } from "../../components/model/model.ts";
import { modelNameProblems, modelProblems } from "../../components/model/modelProblems.ts";
import type { DeclaredPlatform } from "../../components/platform/platformSystem.ts";
import { argsOf, type PlatformSpec, systems } from "../../components/platform/systems.ts";
import { keyPath } from "../schema/declaredPath.ts";
import { type Budget, type Spending, spendingProblems } from "./budget.ts";
import { atSite, clusterProblems } from "./clusterSpec.ts";
import { collisionProblems } from "./collisions.ts";
import { fitProblems, totalFitProblems } from "./fit.ts";
import { publicIngressProblems } from "./publicIngress.ts";
import { releaseSizeProblems } from "./releaseSite.ts";
import type { ReleaseVerb } from "./releaseVerbs.ts";
import { environmentVersionProblems } from "./versions.ts";

/** One environment: its clusters, what runs on each of them, and the models in their versions. */
export interface Environment {
  /**
   * The environment's name: its key in `stacks/environments/index.ts`, a DNS label of at most 20 characters without the
   * name of a layer in it. Changing it makes another environment.
   */
  readonly name: string;
  /** By key; the key is the cluster's identity, so renaming one replaces everything on it. At least one. */
  readonly clusters: Readonly<Record<string, ClusterSpec>>;
  /** What every cluster runs beside the models. */
  readonly platform: PlatformSpec;
  /** Models are reached at `<model>.<domain>`. */
  readonly domain: string;
  /** By name; the name is the model's identity. */
  readonly models: Readonly<Record<string, Model>>;
  /**
   * Verbs of `serin release` that are refused here, with exit code 3: `["promote"]` leaves the traffic to the analyses.
   * The command alone obeys; whoever may write Rollouts by other means is held back by Kubernetes' RBAC. Changing it
   * restarts nothing. @default none
   */
  readonly forbiddenReleaseVerbs?: readonly ReleaseVerb[];
  /**
   * Violations of policies that are accepted here, each until a day. Changing them restarts nothing. @default none
   */
  readonly exemptions?: readonly Exemption[];
  /**
   * The most that the clouds may bill for the environment in a month. A plan above it ends with exit code 3, and
   * `serin up` does nothing. Changing it restarts nothing. @default none: a plan says the cost alone
   */
  readonly budget?: Budget;
  /**
   * What a price list cannot know: traffic to the internet, and what you pay for spot and reserved machines. A plan
   * counts with it. Changing it restarts nothing. @default none of it is counted, and a plan says so
   */
  readonly spending?: Spending;
}

/** Everything wrong with an environment, by the path its owner typed. */
export function validateEnvironment(environment: Environment): Problem[] {
  const { clusters, platform, models } = environment;
  const clusterNames = Object.keys(clusters);
  const ofClusters = Object.entries(clusters).map(([name, spec]) => ({ name, spec, problems: clusterProblems(spec) }));
  const known = Object.fromEntries(Object.entries(clusters).filter(([, { cloud }]) => Object.hasOwn(clouds, cloud)));
  // Problems that follow from a wrong cluster would hide the cause.
  const sound = Object.fromEntries(
    ofClusters.filter(({ problems }) => problems.length === 0).map(({ name, spec }) => [name, spec]),
  );
  const ofModels = Object.entries(models).map(([name, model]) => ({
    name,
    model,
    problems: [
      ...modelNameProblems(keyPath("models", name), name),
      ...under(keyPath("models", name), modelProblems(model)),
    ],
  }));
  return [
    ...dnsLabelProblems("name", environment.name, 20),
    ...layerWordProblems(environment.name),
    ...(clusterNames.length > 0
      ? []
      : [
          {
            path: "clusters",
            reason: "there is none.",
            fix: "Declare at least one cluster: a cloud provider's or on-prem.",
          },
        ]),
    ...ofClusters.flatMap(({ name, spec, problems }) => {
      const ofName = dnsLabelProblems(keyPath("clusters", name), name, 30);
      const inCloud = ofName.length === 0 && Object.hasOwn(known, name);
      return [
        ...ofName,
        ...(inCloud ? nameInCloudProblems(environment.name, name, spec) : []),
        ...under(keyPath("clusters", name), problems),
      ];
    }),
    ...overlapProblems(
      Object.fromEntries(
        ofClusters
          // A block that is wrong by itself may overlap every other one.
          .filter(({ name, problems }) => Object.hasOwn(known, name) && problems.every(({ path }) => path !== "cidr"))
          .map(({ name, spec }) => [name, cloudOf(spec).blocks(spec)]),
      ),
    ),
    ...spendingProblems(environment),
    ...domainProblems(environment.domain),
    ...exemptionProblems(environment.exemptions ?? [], environment.name),
    ...platformProblems(platform, sound),
    ...publicIngressProblems({ clusters: sound, platform }),
    ...environmentVersionProblems({ ...environment, clusters: sound }),
    ...ofModels.flatMap(({ name, model, problems }) =>
      problems.length > 0 ? problems : under(keyPath("models", name), fitProblems(model, sound)),
    ),
    ...(ofModels.every(({ problems }) => problems.length === 0)
      ? [
          ...totalFitProblems(models, sound),
          ...releaseSizeProblems(models, { clusters: sound, platform }),
          ...collisionProblems({ clusters: sound, platform, models }),
        ]
      : []),
  ];
}

/** Stacks are called `<environment>-<layer>`, so a layer word in an environment's name would be taken for the layer. */
function layerWordProblems(name: string): Problem[] {
  const word = layerWordIn(name);
  return word === undefined
    ? []
    : [
        {
          path: "name",
          reason: `"${name}" has the layer "${word}" in it, so its stacks could not be told from another environment's.`,
          fix: `Choose a name without ${layers.join(", ")}.`,
        },
      ];
}

/**
 * RFC 1035: labels of at most 63 characters, 253 in all. An IP address is no domain: models are told apart by host
 * names.
 */
function domainProblems(domain: string): Problem[] {
  const path = "domain";
  const fix = 'Write, for example, "models.example.com".';
  const labels = domain.split(".");
  if (/(^|\.)cluster\.local$/.test(domain)) {
    return [{ path, reason: `"${domain}" is of Kubernetes Services, whose names models would take.`, fix }];
  }
  const host = /^(?:[a-z]+:\/\/)?([^/:]+)(?::\d+)?(?:\/.*)?$/i.exec(domain)?.[1];
  if (host !== undefined && host !== domain) {
    const part = `"${domain.slice(0, 80)}" has more than a domain name: a scheme, a port or a path.`;
    return [{ path, reason: part, fix: isDomain(host) ? `Write "${host}".` : fix }];
  }
  if (/^[\d.]+$/.test(domain) || domain.includes(":")) {
    return [{ path, reason: `"${domain}" is an IP address, and models are told apart by host names.`, fix }];
  }
  if (isDomain(domain)) return [];
  const plain = domain.toLowerCase().replace(/\.$/, "");
  if (isDomain(plain)) {
    return [
      {
        path,
        reason: `"${domain}" is not a domain name as Kubernetes writes them: in small letters, without a dot at its end.`,
        fix: `Write "${plain}".`,
      },
    ];
  }
  const long = labels.find((label) => label.length > 63);
  const why =
    long !== undefined
      ? `: "${long.slice(0, 20)}…" has ${long.length} characters, and a label may have 63`
      : domain.length > mostDomain
        ? `: it has ${domain.length} characters and may have ${mostDomain}, so that a model's name fits before it`
        : "";
  return [{ path, reason: `"${domain.slice(0, 80)}" is not a domain name${why}.`, fix }];
}

function isDomain(domain: string): boolean {
  const labels = domain.split(".");
  return labels.length >= 2 && labels.every(isDomainLabel) && domain.length <= mostDomain;
}

/** A host name has at most 253 characters, and a model's name of at most 40 and a dot come before the domain. */
const mostDomain = 200;

function nameInCloudProblems(environment: string, key: string, spec: ClusterSpec): Problem[] {
  const name = nameInCloud(environment, key);
  const { longestName, ruleBook } = cloudOf(spec);
  const path = `clusters["${key}"]`;
  return [
    ...(longestName === undefined || name.length <= longestName
      ? []
      : [
          {
            path,
            reason: `"${name}", the cluster's name in the cloud, has ${name.length} characters and may have ${longestName}.`,
            fix: "Write a shorter key.",
          },
        ]),
    ...(longestName === undefined ? [] : ruleNameProblems(ruleBook as RuleBook, path, name)),
  ];
}

/** Problems of the platform anywhere, and those that only a cluster's site has. */
function platformProblems(platform: DeclaredPlatform, clusters: Environment["clusters"]): Problem[] {
  const at = (site: AtSite) =>
    Object.entries(systems).flatMap(([key, system]) => {
      const args = argsOf(key, platform);
      return args === undefined ? [] : under(`platform.${key}`, system.problems({ ...args, ...site }));
    });
  const anywhere = at({});
  const known = new Set(anywhere.map((problem) => JSON.stringify(problem)));
  const ofSites = Object.entries(clusters).flatMap(([name, spec]) =>
    at(atSite(spec))
      .filter((problem) => !known.has(JSON.stringify(problem)))
      .map((problem) => ({ ...problem, reason: `cluster "${name}": ${problem.reason}` })),
  );
  return [...anywhere, ...ofSites];
}
