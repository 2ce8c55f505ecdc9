#!/bin/sh
# Builds the simulated charger once tools/setup.sh has run: `make build` calls it. Two calls at once take turns.

set -eu
ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
mkdir -p build/unix
if command -v flock >/dev/null 2>&1; then
    exec 9>build/setup.lock
    flock 9
fi

build/venv/bin/python -m tools.settings TLS_IN TLS_OUT
# What the whole port depends on. When it changes, the port is built anew.
TREE=$(cat build/stamps/tree)
settings() {
    echo "$ROOT" "$TREE" "${TLS_IN:-}" "${TLS_OUT:-}"
    gcc --version | head -n 1
    cksum "$TREE/py/mpconfig.h" firmware/native/*.mk boards/unix/variant/*.mk boards/unix/variant/*.h
    if [ -f boards/unix/port.mk ]; then cksum boards/unix/port.mk; fi
}
settings | sh tools/when_changed.sh build/unix/settings build/unix/port

make --no-print-directory -f tools/build.mk "ROOT=$ROOT" "TREE=$TREE" -j"$(nproc)"
# KEEP_GOING=1 has left out modules with errors: the next build is to tell them again.
if [ "${KEEP_GOING:-0}" != 0 ]; then rm -f build/frozen/stamp; fi
