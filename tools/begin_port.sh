#!/bin/sh
# sh begin_port.sh ROOT OUT: begins the unix port of a product in OUT with the objects of build/unix/port, if those are of the
# same settings (tools/build.sh). Left out is what the product's own tables and frozen code make different.

set -eu
root=$1
out=$2
from=build/unix/port
to=$out/unix/port
[ ! -e "$to" ] && [ -e "$from/pilotwire" ] && cmp -s build/unix/settings "$out/unix/settings" || exit 0

rm -rf "$to.new"
cp -Rp "$from" "$to.new"
rm -rf "$to.new/frozen_mpy" "$to.new/pilotwire" "$to.new"/frozen_content.*
# What each object depends on, with absolute paths.
find "$to.new" -name '*.P' | while read -r file; do
    if grep -qF "$root/build/gen/" "$file"; then
        rm -f "$file" "${file%.P}.o"
    else
        sed "s|$root/$from/|$root/$to/|g" "$file" >"$file.new"
        touch -r "$file" "$file.new"
        mv "$file.new" "$file"
    fi
done
mv "$to.new" "$to"
