#!/usr/bin/env bash
# Install what the input names, separated by spaces; else the version of this action, unless the command is installed already.
set -euo pipefail

repository="$GITHUB_ACTION_PATH/../.."
if [ -n "$INPUT_INSTALL" ]; then
  read -r -d '' -a packages <<<"$INPUT_INSTALL" || true
elif command -v promptuary >/dev/null; then
  exit 0
else
  packages=("$repository/clients/python" "$repository")
fi
python3 -m pip install --quiet --disable-pip-version-check "${packages[@]}"
