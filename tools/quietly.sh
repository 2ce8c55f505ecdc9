#!/bin/sh
# sh quietly.sh LOG COMMAND...: run a noisy command; its output goes to LOG, and is shown only when it fails.

log=$1
shift
mkdir -p "$(dirname "$log")"
"$@" >"$log" 2>&1 && exit
status=$?
tail -n 40 "$log" >&2
echo "failed; all of its output is in $log" >&2
exit $status
