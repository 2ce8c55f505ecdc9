#!/bin/sh
# ... | sh when_changed.sh FILE FOLDER...: keeps what it reads in FILE; if FILE said something else, removes the folders.
# MicroPython's make does not notice by itself when settings, compiler or lists of sources have changed.

set -eu
file=$1
shift
mkdir -p "$(dirname "$file")"
cat >"$file.new"
if cmp -s "$file.new" "$file"; then
    rm "$file.new"
else
    rm -rf "$@"
    mv "$file.new" "$file"
fi
