#!/bin/sh
# Previews one stack against what is deployed, with the policy pack. It needs credentials that read.
# usage: ci/preview.sh <stack>
# Writes plans/preview-<stack>.txt. Exit code: that of `pulumi preview`; 0 for a stack that is not deployed yet.
set -u
stack=$1
mkdir -p plans
pulumi stack select "$stack" >plans/select.log 2>&1
code=$?
if [ "$code" -eq 6 ]; then
  echo "Stack $stack is not there yet: serin up makes it." | tee "plans/preview-$stack.txt"
  rm -f plans/select.log
  exit 0
fi
if [ "$code" -ne 0 ]; then
  cat plans/select.log >&2
  mv plans/select.log "plans/preview-$stack.txt"
  exit "$code"
fi
rm -f plans/select.log
pulumi preview --stack "$stack" --non-interactive --color never --diff --suppress-outputs \
  --policy-pack node_modules/serin/dist/policies >"plans/preview-$stack.txt" 2>&1
code=$?
cat "plans/preview-$stack.txt"
exit "$code"
