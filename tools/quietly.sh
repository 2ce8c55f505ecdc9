#!/bin/sh
# sh quietly.sh LOG COMMAND...: run a noisy command; its output goes to LOG, and is shown only when it fails.

log=$1
shift
mkdir -p "$(dirname "$log")"
"$@" >"$log" 2>&1 && exit
status=$?
# Without the list of what went well.
grep -v -E '^(CC|MPY|GEN|Including|Use make|mkdir) ' "$log" | tail -n 40 >&2
echo "failed; all of its output is in $log" >&2
exit $status
