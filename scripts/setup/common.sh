# Sourced by the other scripts: what they share. Bash, with errexit on.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

say() { printf '\n== %s\n' "$*" >&2; }
die() { printf '\n%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Packages that the checks below found missing.
missing=()

# need PACKAGE COMMAND...: PACKAGE is missing unless COMMAND succeeds.
need() {
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}

# What building the program with every backend needs, and fetching runtimes.
need_build_tools() {
    need gcc cc --version
    need libc6-dev test -e /usr/include/stdio.h
    need pkg-config pkg-config --version
    need libssl-dev pkg-config --exists openssl
    need libclang-dev has_libclang
    need python3 python3 --version
    need python3-pip python3 -m pip --version
}

# Whether libclang is there together with clang's own headers (stdarg.h and the
# like), which not every package of the library includes.
has_libclang() {
    [ -z "${LIBCLANG_PATH:-}" ] || return 0
    local library
    for library in /usr/lib/llvm-*/lib/libclang.so* /usr/lib64/libclang.so*; do
        [ -e "$library" ] && compgen -G "$(dirname "$library")/clang/*/include/stdarg.h" && return 0
    done
    return 1
}

# The boards that programs are built for.
boards=(aarch64-unknown-linux-gnu armv7-unknown-linux-gnueabihf)

# Sets what Debian and QEMU call the system of a board's target: architecture, gnu, emulator.
name_board() {
    case $1 in
    aarch64-unknown-linux-gnu) architecture=arm64 gnu=aarch64-linux-gnu emulator=qemu-aarch64-static ;;
    armv7-unknown-linux-gnueabihf) architecture=armhf gnu=arm-linux-gnueabihf emulator=qemu-arm-static ;;
    *) die "$1 is not one of ${boards[*]}" ;;
    esac
}

# Prints a Rust compiler with the source of its standard library, for targets whose library is
# built along: the present one, else Debian's. Fails with a sentence if neither can be had.
compiler_with_source() {
    local compiler
    compiler=$(rustup which rustc 2>/dev/null || command -v rustc)
    has_source "$compiler" || compiler=$("$root/scripts/setup/rust-toolchain") || {
        echo "the source of Rust's standard library is missing, and Debian's could not be fetched; run 'rustup component add rust-src'"
        return 1
    }
    has_source "$compiler" || {
        echo "$compiler has no source of the standard library; 'rustup component add rust-src' brings it"
        return 1
    }
    echo "$compiler"
}
has_source() { [ -f "$("$1" --print sysroot)/lib/rustlib/src/rust/library/Cargo.lock" ]; }

# Installs the missing packages with apt-get, with sudo if needed.
install_missing() {
    ((${#missing[@]})) || return 0
    command -v apt-get >/dev/null ||
        die "missing packages: ${missing[*]} (Debian's names); there is no apt-get here, so install them and try again"
    local as_root=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null ||
            die "missing packages: ${missing[*]}; there is no sudo, so install them as root and try again"
        as_root=(sudo)
        say "Installing ${missing[*]} with apt-get; sudo may ask for your password"
    else
        say "Installing ${missing[*]} with apt-get"
    fi
    as_root+=(env DEBIAN_FRONTEND=noninteractive apt-get -qq)
    "${as_root[@]}" update >&2
    "${as_root[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null >&2 ||
        die "apt-get could not install ${missing[*]}"
    missing=()
}

# Finds cargo, even if a fresh installation is not on PATH yet.
need_rust() {
    command -v cargo >/dev/null || PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
    command -v cargo >/dev/null || die "Rust is missing: install it as described on rust-lang.org, then try again"
    host=$(rustc -vV | sed -n 's/^host: //p')
}

# Prints the folder of a crate that the program depends on.
crate_folder() {
    cargo metadata --format-version 1 --filter-platform "$host" | python3 -c '
import json, os, sys
packages = json.load(sys.stdin)["packages"]
print(*(os.path.dirname(p["manifest_path"]) for p in packages if p["name"] == sys.argv[1]))' "$1"
}

# Fetches the runtimes into runtimes/. The first time, a program is built for this
# without the feature `tflitec`, which links to a library that is not there yet; it is not
# optimised, because it only fetches and is built again.
fetch_runtimes() {
    local program=target/release/shutterbench
    if [ ! -x "$program" ] || [ ! -f "runtimes/$host/libtensorflowlite_c.so" ]; then
        say "Building shutterbench (the first time with all its dependencies: about 10 minutes on 2 cores)"
        cargo build --release --config 'profile.release.package.shutterbench.opt-level=0'
    fi
    say "Fetching the runtimes into runtimes/$host (47 MB the first time)"
    "$program" fetch tflite --dir runtimes >&2
    "$program" fetch litert onnxruntime --dir runtimes >&2 ||
        say "Continuing without what could not be fetched"
}

# Builds the program with every backend and fetches their runtimes.
prepare_program() {
    need_rust
    "$root/scripts/setup/tflitec"
    say "Building shutterbench with the feature tflitec (the first time about 3 minutes)"
    (cd "$root" && cargo build --release --features tflitec)
}
