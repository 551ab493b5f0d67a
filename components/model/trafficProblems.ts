import { type Problem, under } from "../core/problem.ts";
import { durationProblems } from "../core/quantity.ts";
import type { Jwt, OutlierDetection, Traffic } from "./servedModel.ts";
import { mostRequests } from "./trafficPolicy.ts";

/** Requests per second. At 0.1, the errors of one step are decided after days; below, hardly ever. */
const leastQps = 0.1;

/** Istio takes whole milliseconds. */
export const timeoutBounds = { min: "1ms", max: "1h", whole: "1ms" } as const;

/** Everything wrong with the traffic of a model, by the path below `traffic`. */
export function trafficProblems(traffic: Traffic, stateless: boolean): Problem[] {
  const { expectedQps, timeout, retries, rateLimit, jwt, outlierDetection, connectionPool, warmup } = traffic;
  return [
    ...(timeout === undefined ? [] : durationProblems("timeout", timeout, timeoutBounds)),
    ...qpsProblems(expectedQps),
    ...rangeProblems("retries.attempts", retries?.attempts, 0, 10),
    ...(retries?.afterFailures === true && !stateless ? [retriesOfStateful] : []),
    ...(rateLimit === undefined || rateLimit === "none"
      ? []
      : rangeProblems("rateLimit.requestsPerSecond", rateLimit.requestsPerSecond, 1, 1_000_000)),
    ...(jwt === undefined ? [] : under("jwt", jwtProblems(jwt))),
    ...(outlierDetection === undefined || outlierDetection === "none"
      ? []
      : under("outlierDetection", outlierProblems(outlierDetection))),
    ...rangeProblems("connectionPool.http2MaxRequests", connectionPool?.http2MaxRequests, 1, mostRequests),
    ...(warmup === undefined ? [] : durationProblems("warmup", warmup, { min: "1s", max: "1h", whole: "1ms" })),
  ];
}

const retriesOfStateful: Problem = {
  path: "retries.afterFailures",
  reason: "the model is not declared stateless, so an inference that is sent again may take effect twice.",
  fix: "Leave it out, or write stateless: true in the model if an inference changes nothing but its answer.",
};

function qpsProblems(expectedQps: Traffic["expectedQps"]): Problem[] {
  const wrong = (["trough", "peak"] as const).filter(
    (key) => !Number.isFinite(expectedQps[key]) || expectedQps[key] < leastQps,
  );
  if (wrong.length > 0) {
    return wrong.map((key) => {
      const value = expectedQps[key];
      return {
        path: `expectedQps.${key}`,
        ...(Number.isFinite(value)
          ? {
              reason: `${value} is below ${leastQps}: an analysis would wait for its requests for weeks.`,
              fix: `Write at least ${leastQps}.`,
            }
          : { reason: `${value} is not a number.`, fix: "Write requests per second, for example 100." }),
      };
    });
  }
  return expectedQps.trough <= expectedQps.peak
    ? []
    : [
        {
          path: "expectedQps.trough",
          reason: `${expectedQps.trough} is above the peak (${expectedQps.peak}).`,
          fix: "Write the least of a normal day as trough and the most as peak.",
        },
      ];
}

function rangeProblems(path: string, value: number | undefined, least: number, most: number): Problem[] {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least && value <= most)) return [];
  return [
    {
      path,
      reason: `${value} is not a whole number from ${least} to ${most}.`,
      fix: `Write ${least} to ${most}, or leave it out.`,
    },
  ];
}

function outlierProblems(detection: OutlierDetection): Problem[] {
  const { consecutive5xxErrors, interval, baseEjectionTime, maxEjectionPercent } = detection;
  const whole = { min: "1ms", whole: "1ms" } as const;
  return [
    ...rangeProblems("consecutive5xxErrors", consecutive5xxErrors, 1, 1_000),
    ...(interval === undefined ? [] : durationProblems("interval", interval, { ...whole, max: "1h" })),
    // Envoy's own most, `max_ejection_time`.
    ...(baseEjectionTime === undefined
      ? []
      : durationProblems("baseEjectionTime", baseEjectionTime, { ...whole, max: "5m" })),
    ...rangeProblems("maxEjectionPercent", maxEjectionPercent, 1, 99),
  ];
}

function jwtProblems({ issuer, audiences, jwksUri, jwks }: Jwt): Problem[] {
  const problems: Problem[] = [];
  const isNamed = jwksUri !== undefined || jwks !== undefined;
  if (issuer === "" || /\s/.test(issuer)) {
    problems.push({
      path: "issuer",
      reason: `"${issuer}" is not the issuer of a token: it is empty or has spaces.`,
      fix: 'Write its iss claim, for example "https://auth.example.com".',
    });
  } else if (!isNamed && !isHttps(issuer)) {
    problems.push({
      path: "issuer",
      reason: `"${issuer}" is not an https URL, so nothing says where its keys are.`,
      fix: "Write jwksUri or jwks.",
    });
  }
  if (audiences.length === 0 || audiences.some((audience) => audience === "")) {
    problems.push({
      path: "audiences",
      reason: "one is empty, or there is none: the issuer's tokens for every service would open this model.",
      fix: "Write the aud claim of the model's tokens.",
    });
  }
  if (jwksUri !== undefined && jwks !== undefined) {
    problems.push({ path: "jwks", reason: "jwksUri names the keys, too.", fix: "Write one of the two." });
  }
  if (jwksUri !== undefined && !isHttps(jwksUri)) {
    problems.push({
      path: "jwksUri",
      reason: `"${jwksUri}" is not an https URL, and keys that anyone could exchange prove nothing.`,
      fix: 'Write, for example, "https://auth.example.com/keys".',
    });
  }
  return jwks === undefined ? problems : [...problems, ...keySetProblems(jwks)];
}

function isHttps(text: string): boolean {
  return URL.canParse(text) && new URL(text).protocol === "https:";
}

/**
 * The members of a JSON Web Key that only its owner may know: of RSA and EC keys, and of a shared secret (RFC 7518).
 */
const secretMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/** The keys are not quoted: one of them may be secret. */
function keySetProblems(jwks: string): Problem[] {
  const keys = keysOf(jwks);
  if (keys === undefined) {
    return [
      {
        path: "jwks",
        reason: "it is not a JSON Web Key Set with at least one key.",
        fix: "Write what the issuer publishes: an object with a list `keys`, as JSON.",
      },
    ];
  }
  return keys.some((key) => secretMembers.some((member) => Object.hasOwn(key, member)))
    ? [
        {
          path: "jwks",
          reason: "it has a private key or a shared secret in it, with which anyone could make tokens.",
          fix: "Write the public keys alone, and replace that key: it has been written down.",
        },
      ]
    : [];
}

function keysOf(jwks: string): readonly object[] | undefined {
  try {
    const { keys } = JSON.parse(jwks) as { keys?: unknown };
    const isList =
      Array.isArray(keys) && keys.length > 0 && keys.every((key) => typeof key === "object" && key !== null);
    return isList ? (keys as object[]) : undefined;
  } catch {
    return undefined;
  }
}
