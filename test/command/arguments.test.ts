import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, it } from "vitest";
import { exitCodes } from "../../components/core/problem.ts";

const command = fileURLToPath(new URL("../../bin/serin.js", import.meta.url));
const serin = (...args: string[]) =>
  execa(process.execPath, [command, ...args], { reject: false, env: { NO_COLOR: "1" } });

it("answers wrong input on standard error alone, without a stack trace", { timeout: 60_000 }, async () => {
  const { exitCode, stdout, stderr } = await serin("plan", "devv");
  expect(stderr).toContain('Did you mean "dev"?');
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stdout).toBe("");
  expect(exitCode).toBe(exitCodes.badInput);
});

it("prints one document for programs, on failure too", { timeout: 60_000 }, async () => {
  const { stdout, exitCode } = await serin("plan", "devv", "--json");
  expect(JSON.parse(stdout)).toMatchObject({ error: { exitCode, problems: [{ path: "environment" }] } });
});

it("suggests the verb that was meant, and asks for what is missing", { timeout: 60_000 }, async () => {
  const [verb, option, rate, low, part] = await Promise.all([
    serin("rehears"),
    serin("rehearse", "fraud"),
    serin("rehearse", "fraud", "--to", "2", "--rate", "lots"),
    serin("up", "dev", "--gateway-port", "80"),
    serin("up", "dev", "--gateway-port", "8080.5"),
  ]);
  expect(verb.stderr).toContain("Did you mean rehearse?");
  expect(option.stderr).toContain("required option '--to <version>' not specified");
  expect(rate.stderr).toContain("Write a number from 1 to 2000.");
  expect(low.stderr).toContain("Write a whole number from 1024 to 65535.");
  expect(part.stderr).toContain("Write a whole number from 1024 to 65535.");
  expect([verb, option, rate, low, part].map(({ exitCode }) => exitCode)).toEqual([2, 2, 2, 2, 2]);
});

it("brings up no other layer apart, and says how that is done", { timeout: 60_000 }, async () => {
  const { stderr, exitCode } = await serin("up", "prod", "--layer", "platform");
  expect(stderr).toContain("another: pulumi up -s <environment>-<layer>-<cluster>.");
  expect(exitCode).toBe(exitCodes.badInput);
});

it("says where a trial run is, which other tools have as an option", { timeout: 60_000 }, async () => {
  const { stderr, exitCode } = await serin("up", "prod", "--dry-run");
  expect(stderr).toContain("--dry-run is no option of up. What is declared: npx serin plan prod.");
  expect(stderr).toContain("pulumi preview -s prod-cluster");
  expect(exitCode).toBe(exitCodes.badInput);
});

it("helps in 80 columns, exit codes included", { timeout: 60_000 }, async () => {
  const { stdout, exitCode } = await serin("--help");
  for (const code of Object.values(exitCodes)) expect(stdout).toMatch(new RegExp(`^  ${code} +\\w`, "m"));
  expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
  expect(exitCode).toBe(exitCodes.ok);
});
