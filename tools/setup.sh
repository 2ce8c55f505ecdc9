#!/bin/sh
# Makes this machine ready to build, run and test Pilotwire. Called by the Makefile:
#
#     sh tools/setup.sh host      Python tools in build/venv
#     sh tools/setup.sh build     that, and the MicroPython and mbedtls sources, and mpy-cross
#     sh tools/setup.sh bench     that, and valgrind
#     sh tools/setup.sh image BOARD...   instead of valgrind what builds and emulates these boards (their packages.sh)
#
# On Debian it installs the packages that are missing (as root, or with sudo) and fetches the sources as Debian
# source packages, whose signatures apt checks against Debian's own keys. Elsewhere it says what is missing.
# Everything else stays inside build/. A step that is done leaves a file in build/stamps and is not done again.
# MICROPYTHON_DIR=<checkout> takes an existing MicroPython tree; nothing is written into it.

set -u
LC_ALL=C
export LC_ALL

SUITE=trixie               # has both source packages
MICROPYTHON_VERSION=1.25.0
MBEDTLS_SERIES=3.6         # the newest of it: security updates replace each other
KEYRING_PACKAGE=2023.3+deb12u2   # the first that knows the keys of SUITE
ROOT=$(cd "$(dirname "$0")/.." && pwd) || exit 1
BUILD=$ROOT/build
STAMPS=$BUILD/stamps
LOGS=$BUILD/log
SOURCE=$BUILD/src/micropython
PYTHON=python3
FETCH=

say() { echo "setup: $*"; }

die() {
    for line in "$@"; do
        echo "setup: $line" >&2
    done
    exit 1
}

# logged NAME WHAT COMMAND...: run quietly; if it fails, show the end of its output and stop.
logged() {
    log=$LOGS/$1.log
    what=$2
    shift 2
    say "$what"
    "$@" >"$log" 2>&1 </dev/null && return
    echo "--- the end of $log:" >&2
    tail -n 20 "$log" >&2
    die "failed: $what"
}

done_already() { [ -f "$STAMPS/$1" ] && [ "$(cat "$STAMPS/$1")" = "$2" ]; }

stamp() { printf '%s\n' "$2" >"$STAMPS/$1.new" && mv "$STAMPS/$1.new" "$STAMPS/$1"; }

have() { command -v "$1" >/dev/null 2>&1; }

is_debian() { [ "$(. /etc/os-release 2>/dev/null && echo "${ID:-}")" = debian ] && have apt-get; }

python_is_good() {
    "$1" -c 'import ensurepip, ssl, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# A Python that can make a venv, 3.11 or newer: the one on PATH, else Debian's.
choose_python() {
    for PYTHON in python3 /usr/bin/python3; do
        python_is_good $PYTHON && return
    done
    return 1
}

compiles_32_bit() {
    printf '#include <stdio.h>\nint main(void) { return puts("") < 0; }\n' |
        gcc -m32 -x c -o /dev/null - >/dev/null 2>&1
}

keyring_is_old() {
    version=$(dpkg-query -W -f '${Version}' debian-archive-keyring 2>/dev/null)
    [ -z "$version" ] || dpkg --compare-versions "$version" lt "$KEYRING_PACKAGE"
}

# The Debian names of what is missing for the goal $1.
missing_packages() {
    choose_python || echo "python3 python3-venv"
    [ "$1" = host ] && return
    have make || echo make
    have gcc || echo "gcc libc6-dev"
    compiles_32_bit || echo gcc-multilib
    if [ -n "$FETCH" ]; then
        have dpkg-source || echo dpkg-dev
        have xz || echo xz-utils
        have bzip2 || echo bzip2
        ! is_debian || ! keyring_is_old || echo debian-archive-keyring
    fi
    [ "$1" != bench ] || have valgrind || echo valgrind
    [ "$1" != image ] || for board in $BOARDS; do . "$ROOT/boards/$board/packages.sh"; done
}

install_packages() {
    command="apt-get install $*"
    if ! is_debian; then
        die "this is not Debian, so nothing is installed by itself. Missing (Debian's names):" \
            "    $*" "install what corresponds to them, then start again"
    fi
    if [ "$(id -u)" = 0 ]; then
        sudo=
    elif have sudo && sudo -n true 2>/dev/null; then
        sudo="sudo -n"
    elif have sudo && [ -t 0 ]; then
        sudo=sudo
        say "sudo is needed to install: $*"
        sudo true || die "sudo refused; as root, run: $command"
    else
        die "missing packages, and neither root nor sudo to install them; as root, run:" "    $command"
    fi
    logged apt-update "reading the lists of packages" \
        $sudo apt-get -q -o DPkg::Lock::Timeout=300 update
    logged apt-install "installing: $*" \
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
        install --no-install-recommends "$@"
}

packages() {
    done_already "packages-$1" "$2" && choose_python && return
    # shellcheck disable=SC2046  # a list of words
    set -- "$1" "$2" $(missing_packages "$1")
    goal=$1 state=$2
    shift 2
    [ $# = 0 ] || install_packages "$@"
    # shellcheck disable=SC2046
    set -- $(missing_packages "$goal")
    [ $# = 0 ] || die "still missing after the installation: $*" "see $LOGS/apt-install.log"
    choose_python
    stamp "packages-$goal" "$state"
}

venv() {
    state="$ROOT $(cksum <"$ROOT/tools/requirements.txt")"
    done_already venv "$state" && [ -x "$BUILD/venv/bin/python" ] && return
    rm -rf "$BUILD/venv"
    logged venv "making build/venv" "$PYTHON" -m venv "$BUILD/venv"
    logged pip "installing the Python tools of tools/requirements.txt into it" \
        "$BUILD/venv/bin/python" -m pip install -q --disable-pip-version-check \
        -r "$ROOT/tools/requirements.txt"
    stamp venv "$state"
}

# Mirrors of this machine that may carry SUITE, the likeliest first.
mirrors() {
    apt-get indextargets --format '$(REPO_URI) $(ORIGIN)' 'Created-By: Packages' |
        grep -v security |
        awk '{ print ($2 == "Debian" ? 0 : $1 ~ /debian\/?$/ ? 1 : 2), $1 }' | sort -u | cut -d ' ' -f 2
}

apt_here() {
    apt-get -q -o Dir::Etc::SourceList="$apt/$SUITE.sources" -o Dir::Etc::SourceParts=- \
        -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache" -o APT::Sandbox::User=root "$@"
}

read_suite() {
    for mirror in $(mirrors); do
        echo "--- $mirror"
        cat >"$apt/$SUITE.sources" <<END
Types: deb-src
URIs: $mirror
Suites: $SUITE
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
        apt_here --error-on=any update && return
    done
    echo "no mirror of this machine's apt sources has a signed $SUITE"
    return 1
}

download() { cd "$apt/download" && apt_here source --download-only micropython mbedtls; }

unpack() {
    rm -rf "$BUILD/src/new" "$BUILD/src/mbedtls"
    cd "$BUILD/src" &&
        dpkg-source --skip-patches -x "$apt"/download/micropython_"$MICROPYTHON_VERSION"*.dsc new &&
        dpkg-source --skip-patches -x "$apt"/download/mbedtls_"$MBEDTLS_SERIES".*.dsc mbedtls &&
        rm -rf new/lib/mbedtls "$SOURCE" && mv mbedtls new/lib/mbedtls && mv new "$SOURCE"
}

own_tree() {
    TREE=$SOURCE
    state="$MICROPYTHON_VERSION $MBEDTLS_SERIES $SUITE"
    done_already source "$state" && return
    is_debian || die "the MicroPython sources come as Debian packages, and this is not Debian. Instead:" \
        "    git clone --depth 1 --branch v$MICROPYTHON_VERSION https://github.com/micropython/micropython" \
        "    git -C micropython submodule update --init --depth 1 lib/mbedtls" \
        "and then give its path: make MICROPYTHON_DIR=<path> ..."
    apt=$BUILD/src/apt
    rm -rf "$apt/download"
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/download"
    logged suite "looking up the sources in Debian $SUITE" read_suite
    logged download "fetching the sources of MicroPython and mbedtls" download
    for wanted in "micropython_$MICROPYTHON_VERSION" "mbedtls_$MBEDTLS_SERIES."; do
        ls "$apt/download/$wanted"*.dsc >/dev/null 2>&1 || die "Debian $SUITE no longer has $wanted;" \
            "take a checkout of MicroPython instead: make MICROPYTHON_DIR=<path> ..."
    done
    logged unpack "unpacking them" unpack
    rm -rf "$apt" "$BUILD"/src/*.orig.tar.* "$STAMPS/tree"
    stamp source "$state"
}

given_tree() {
    TREE=$(cd "$MICROPYTHON_DIR" 2>/dev/null && pwd) || die "MICROPYTHON_DIR: no such folder: $MICROPYTHON_DIR"
    [ -f "$TREE/ports/unix/Makefile" ] && [ -f "$TREE/py/mpconfig.h" ] ||
        die "MICROPYTHON_DIR: not a MicroPython source tree: $TREE"
    [ -f "$TREE/lib/mbedtls/library/ssl_tls.c" ] ||
        die "MICROPYTHON_DIR: its submodule mbedtls is missing; run:" \
            "    git -C $TREE submodule update --init lib/mbedtls"
}

mpy_cross() {
    done_already tree "$TREE" && [ -x "$BUILD/mpy-cross/mpy-cross" ] && return
    rm -rf "$BUILD/mpy-cross" "$STAMPS/tree"
    # No git describe: it would find the repository around build/.
    MICROPY_GIT_TAG=$("$PYTHON" "$ROOT/tools/micropython_version.py" "$TREE") || exit 1
    MICROPY_GIT_HASH=$MICROPY_GIT_TAG
    export MICROPY_GIT_TAG MICROPY_GIT_HASH
    logged mpy-cross "building mpy-cross of MicroPython $MICROPY_GIT_TAG" \
        make -C "$TREE/mpy-cross" -j"$(nproc)" BUILD="$BUILD/mpy-cross" PYTHON="$PYTHON" USER_C_MODULES=
    stamp tree "$TREE"
}

# The boards that `image` knows, in one line.
emulated_boards() { (cd "$ROOT/boards" && echo */packages.sh | sed 's:/packages\.sh::g'); }

main() {
    case ${1:-} in
        host | build | bench) BOARDS= ;;
        image) shift && BOARDS=$* && set -- image ;;
        *) die "unknown goal $1; see the head of $0" ;;
    esac
    for board in $BOARDS; do
        [ -f "$ROOT/boards/$board/packages.sh" ] || die "BOARD=$board: no such emulated board; there are: $(emulated_boards)"
    done
    [ -n "${MICROPYTHON_DIR:-}" ] || FETCH=yes
    unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL
    mkdir -p "$STAMPS" "$LOGS" || exit 1
    if have flock; then   # two calls at once: the second waits
        exec 9>"$BUILD/setup.lock"
        flock 9
    fi
    if [ "$1" = host ]; then
        packages host yes
        venv
        return
    fi
    case $(uname -sm) in
        "Linux x86_64" | "Linux i686") ;;
        *) die "the simulated charger is a 32-bit x86 Linux program; it can't be built on $(uname -sm)" ;;
    esac
    packages "$1" "fetch=$FETCH${BOARDS:+ $BOARDS}"
    venv &
    venv=$!
    if [ -n "${MICROPYTHON_DIR:-}" ]; then given_tree; else own_tree; fi
    mpy_cross
    wait $venv || exit 1
}

main "$@"
