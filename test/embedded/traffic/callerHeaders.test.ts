import { expect, it } from "vitest";
import { callerHeaders } from "../../../embedded/traffic/callerHeaders.ts";

it("chooses the declared part of the requests, evenly", () => {
  const chosen = { headers: { "x-user-group": "internal-testers" }, share: 0.1 };
  const marked = Array.from({ length: 100 }, (_, n) => callerHeaders({ chosen }, n, Math.random)).flatMap(
    (headers, n) => ("x-user-group" in headers ? [n] : []),
  );
  expect(marked).toHaveLength(10);
  expect(new Set(marked.map((n, index) => n - 10 * index)).size).toBe(1);
});

it("names a user of each request, in a header or a cookie", () => {
  expect(callerHeaders({ users: { header: "x-user-id", count: 10 } }, 0, () => 0.55)).toEqual({
    "x-user-id": "user-5",
  });
  expect(callerHeaders({ users: { cookie: "uid", count: 10 } }, 0, () => 0)).toEqual({ cookie: "uid=user-0" });
});

it("adds nothing where callers are alike", () => {
  expect(callerHeaders({}, 9, Math.random)).toEqual({});
});
