#!/bin/sh
# Builds the simulated charger once tools/setup.sh has run: `make build` calls it. PRODUCT says which product's, and so where
# (tools/blocks/product.py). Two calls for one product at once take turns.

set -eu
ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"

build/venv/bin/python -m tools.settings TLS_IN TLS_OUT
OUT=$(build/venv/bin/python -m tools.blocks.product) # of PRODUCT
mkdir -p "$OUT/unix"
if command -v flock >/dev/null 2>&1; then
    if [ "$OUT" = build ]; then exec 9>build/setup.lock; else exec 9>"$OUT/lock"; fi
    flock 9
fi

# What the whole port depends on. When it changes, the port is built anew.
TREE=$(cat build/stamps/tree)
settings() {
    echo "$ROOT" "$TREE" "${TLS_IN:-}" "${TLS_OUT:-}"
    gcc --version | head -n 1
    cksum "$TREE/py/mpconfig.h" firmware/native/*.mk boards/unix/variant/*.mk boards/unix/variant/*.h
    if [ -f boards/unix/port.mk ]; then cksum boards/unix/port.mk; fi
}
settings | sh tools/when_changed.sh "$OUT/unix/settings" "$OUT/unix/port"
if [ "$OUT" != build ]; then
    (
        if command -v flock >/dev/null 2>&1; then flock 8; fi # nobody builds what is copied
        sh tools/begin_port.sh "$ROOT" "$OUT"
    ) 8>build/setup.lock
fi

make --no-print-directory -f tools/build.mk "ROOT=$ROOT" "TREE=$TREE" "OUT=$OUT" -j"$(nproc)"
# KEEP_GOING=1 has left out modules with errors: the next build is to tell them again.
if [ "${KEEP_GOING:-0}" != 0 ]; then rm -f "$OUT/frozen/stamp"; fi
