#!/usr/bin/env bash
# Build what JupyterLab loads, into autograder/desk/labextension/: needs Node 20.19 or newer, and the course's .venv.
#   bash labextension/build.sh
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd .. && pwd)
[ -d node_modules ] && [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund --silent
npx tsc
PATH="$root/.venv/bin:$PATH" jupyter-builder build . >/dev/null
made="$root/autograder/desk/labextension/autograded-desk"
PYTHONPATH="$root" "$root/.venv/bin/python" -m autograder.desk.built "$made" "$root/labextension"
du -sb "$made" | awk '{ printf "Made %s: %.0f kB\n", $2, $1 / 1000 }'
