import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  dayOf,
  type Exemption,
  exemptionOf,
  exemptionProblems,
  isAbout,
  isExpired,
} from "../../../components/core/exemption.ts";

const rollout = "kubernetes:argoproj.io/v1alpha1:Rollout";
const urnOf = (name: string, stack = "prod-models") =>
  `urn:pulumi:${stack}::serin::serin:model:ModelDeployment$${rollout}::${name}`;

const exemption: Exemption = {
  policy: "image-require-digest",
  resource: urnOf("aws-use1-fraud"),
  owner: "payments",
  reason: "the vendor signs from April on",
  ticket: "OPS-7",
  expires: "2027-03-31",
};
const problemsOf = (change: Partial<Exemption>) => exemptionProblems([{ ...exemption, ...change }], "prod");

/** Names as programs give them. */
const name = fc.stringMatching(/^[a-z0-9][a-z0-9.$/-]{2,20}$/);

describe("a pattern", () => {
  it("is about its URN alone: whatever stands before, after or inside makes another resource", () => {
    fc.assert(
      fc.property(name, fc.string({ minLength: 1 }), fc.nat(), (of, more, at) => {
        const urn = urnOf(of);
        const place = at % (urn.length + 1);
        expect(isAbout({ resource: urn }, urn)).toBe(true);
        expect(isAbout({ resource: urn }, `${urn.slice(0, place)}${more}${urn.slice(place)}`)).toBe(false);
      }),
    );
  });

  it("takes every character but * as it is", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (one, other) => {
        const resource = urnOf(one.replaceAll("*", ""));
        expect(isAbout({ resource }, urnOf(other))).toBe(resource === urnOf(other));
      }),
    );
  });

  it("is about any cluster's resource with *, which passes no colon", () => {
    fc.assert(
      fc.property(name, (cluster) => {
        expect(isAbout({ resource: urnOf("*-fraud") }, urnOf(`${cluster}-fraud`))).toBe(true);
        expect(isAbout({ resource: urnOf("*-fraud") }, urnOf(`${cluster}-fraud-2`))).toBe(false);
        expect(isAbout({ resource: urnOf("*-fraud") }, urnOf(`${cluster}::x-fraud`))).toBe(false);
      }),
    );
  });

  it("is not about a resource whose name contains the URN that is meant", () => {
    expect(isAbout(exemption, urnOf(`a-${exemption.resource}`))).toBe(false);
    expect(isAbout(exemption, `${exemption.resource}\n`)).toBe(false);
    expect(isAbout(exemption, `\n${exemption.resource}`)).toBe(false);
  });

  it("is about the same resource in a plan and in the stack of one cluster", () => {
    expect(isAbout(exemption, urnOf("aws-use1-fraud", "prod-models-aws-use1"))).toBe(true);
    expect(isAbout(exemption, urnOf("aws-use1-fraud", "test-models-aws-use1"))).toBe(false);
    expect(isAbout(exemption, urnOf("aws-use1-fraud", "prod-platform-aws-use1"))).toBe(false);
    const stack = (of: string) => `urn:pulumi:${of}::serin::pulumi:pulumi:Stack::serin-${of}`;
    expect(isAbout({ resource: stack("prod-platform") }, stack("prod-platform-aws-use1"))).toBe(true);
  });
});

describe("a pattern that could be about everything is refused", () => {
  it.each([
    "*",
    "urn:pulumi:*",
    "urn:pulumi:*::*::*::*",
    urnOf("*"),
    urnOf("**"),
    urnOf("*a*"),
    urnOf("*-*"),
    urnOf("a-*"),
    urnOf("*fraud*"),
    urnOf("fraud", "*"),
    urnOf("fraud", "prod-*"),
    "urn:pulumi:prod-models::*::kubernetes:core/v1:Pod::fraud",
    "urn:pulumi:prod-models::serin::*::fraud",
    `urn:pulumi:prod-models::serin::*${rollout}::fraud`,
    "urn:pulumi:prod-models::serin::kubernetes:core/v1:Pod",
    "urn:pulumi:prod-models::serin::kubernetes:core/v1:Pod::",
    urnOf("fraud", "test-models"),
    urnOf("fraud", "prod-models-aws-use1"),
    "aws-use1-fraud",
    "",
    ".*",
  ])("%s", (resource) => {
    expect(problemsOf({ resource }).map(({ path }) => path)).toEqual(["exemptions[0].resource"]);
  });

  it("whatever is put together from wildcards and marks", () => {
    const parts = fc.constantFrom("*", "**", "urn:pulumi:", "prod-models", "::", ":", "serin", rollout, "a", "-", "$");
    const urns = [rollout, "kubernetes:core/v1:Pod"].flatMap((type) =>
      ["fraud", "resnet50"].map((of) => `urn:pulumi:prod-models::serin::${type}::${of}`),
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 12 }), (some) => {
        const resource = some.join("");
        const about = urns.filter((urn) => isAbout({ resource }, urn));
        if (about.length > 1) expect(problemsOf({ resource })).not.toEqual([]);
      }),
    );
  });

  it.each([urnOf("aws-use1-fraud"), urnOf("*-fraud"), urnOf("fraud-*"), urnOf("a::b"), urnOf("x")])(
    "and %s is not",
    (resource) => expect(problemsOf({ resource })).toEqual([]),
  );
});

describe("an exemption", () => {
  it("holds through its last day in UTC, and never after it", () => {
    const days = fc.date({ min: new Date("2020-01-01"), max: new Date("2099-12-31"), noInvalidDate: true });
    fc.assert(
      fc.property(days, days, (last, now) => {
        const midnight = new Date(`${dayOf(last)}T00:00:00Z`).getTime() + 24 * 3_600_000;
        expect(isExpired({ expires: dayOf(last) }, dayOf(now))).toBe(now.getTime() >= midnight);
      }),
    );
  });

  it.each([
    "2027-02-29",
    "2027-13-01",
    "2027-3-1",
    "31.03.2027",
    "",
    "9999-99-99",
    "2027-03-31T00:00:00Z",
    "+20270331",
  ])("does not end on %j", (expires) => {
    expect(problemsOf({ expires }).map(({ path }) => path)).toEqual(["exemptions[0].expires"]);
  });

  it.each(["policy", "owner", "reason", "ticket"] as const)("says its %s", (field) => {
    expect(problemsOf({ [field]: " " })).toEqual([{ path: `exemptions[0].${field}`, reason: "it is empty." }]);
  });

  it("is declared once", () => {
    expect(exemptionProblems([exemption, { ...exemption, ticket: "OPS-8" }], "prod").map(({ path }) => path)).toEqual([
      "exemptions[1]",
    ]);
  });

  it("that holds goes before one that has expired", () => {
    const expired = { ...exemption, resource: urnOf("*-fraud"), expires: "2026-01-01" };
    const finding = { policy: exemption.policy, urn: exemption.resource };
    expect(exemptionOf([expired, exemption], finding, "2027-01-01")).toBe(exemption);
    expect(exemptionOf([expired, exemption], finding, "2028-01-01")).toBe(expired);
    expect(exemptionOf([expired, exemption], { ...finding, policy: "image" }, "2027-01-01")).toBeUndefined();
  });
});
