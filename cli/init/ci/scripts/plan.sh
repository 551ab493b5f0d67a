#!/bin/sh
# Plans every environment and asks the policies: no account, no secret, no network.
# usage: ci/plan.sh [<folder of the base, with its packages installed>]
# With a base, each plan shows what changes since then, else all that is declared.
# Writes plans/plan-<environment>.md, or .txt for an environment that cannot be planned. Exit code: the largest of `serin plan`; 3 when a mandatory policy objects.
set -u
base=${1-}
rm -rf plans
mkdir -p plans
environments=$(npx --no -- serin stacks --environments) || exit $?
worst=0
for environment in $environments; do
  set --
  if [ -n "$base" ]; then
    # Nothing to compare with: the environment is new, or the base cannot be planned.
    (cd "$base" && npx --no -- serin plan "$environment" --json) >plans/before.json 2>plans/before.log
    code=$?
    if [ "$code" -eq 0 ] || [ "$code" -eq 3 ]; then set -- --against plans/before.json; fi
  fi
  npx --no -- serin plan "$environment" "$@" --format markdown --output "plans/plan-$environment.md" >plans/said.log 2>&1
  code=$?
  if [ "$code" -gt "$worst" ]; then worst=$code; fi
  printf '%s: exit code %s\n' "$environment" "$code"
  tail -n 20 plans/said.log
  if [ ! -f "plans/plan-$environment.md" ]; then cp plans/said.log "plans/plan-$environment.txt"; fi
done
rm -f plans/before.json plans/before.log plans/said.log
exit "$worst"
