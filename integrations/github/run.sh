#!/usr/bin/env bash
# One command of Promptuary, as the action calls it: inputs are variables, so that no input becomes part of a script.
set -euo pipefail

case "$INPUT_COMMAND" in
  check | plan | apply | sync | verify | bundle) ;;
  *)
    echo "::error::command must be check, plan, apply, sync, verify or bundle."
    exit 1
    ;;
esac

if [ -n "$INPUT_API_KEY" ]; then
  # The key is meant for the host of the input, and for no other one that promptuary.toml may name.
  export PROMPTUARY_API_KEY="$INPUT_API_KEY" PROMPTUARY_HOST="$INPUT_HOST"
fi

arguments=("$INPUT_COMMAND")
[ -z "$INPUT_FOLDER" ] || arguments+=("$INPUT_FOLDER")
[ -z "$INPUT_ENV" ] || arguments+=(--env "$INPUT_ENV")
read -r -d '' -a options <<<"$INPUT_OPTIONS" || true
arguments+=(${options[@]+"${options[@]}"})

output="$(mktemp)"
trap 'rm -f "$output"' EXIT
status=0
changed=false
case "$INPUT_COMMAND" in
  plan)
    promptuary "${arguments[@]}" --format markdown >"$output" || status=$?
    cat "$output" >>"$GITHUB_STEP_SUMMARY"
    if [ "$status" -ne 0 ] && [ -s "$output" ]; then
      promptuary "${arguments[@]}" --format github || true
    fi
    ;;
  sync)
    # A conflict of one prompt does not keep the files of the others from being written.
    before="$(git status --porcelain 2>/dev/null || true)"
    promptuary "${arguments[@]}" >"$output" || status=$?
    cat "$output"
    [ "$(git status --porcelain 2>/dev/null || true)" = "$before" ] || changed=true
    ;;
  *) promptuary "${arguments[@]}" || status=$? ;;
esac

if [ "$status" -eq 2 ] && { [ "$INPUT_COMMAND" = plan ] || [ "$INPUT_COMMAND" = sync ]; } && [ -s "$output" ]; then
  changed=true
  status=0
fi
{
  echo "changed=$changed"
  if [ "$INPUT_COMMAND" = sync ]; then
    delimiter="message_$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
    printf 'message<<%s\n' "$delimiter"
    cat "$output"
    printf '%s\n' "$delimiter"
  fi
} >>"$GITHUB_OUTPUT"
exit "$status"
