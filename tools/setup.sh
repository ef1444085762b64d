#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs the Debian packages that Bulkhead's build, runs and tests need, and says which and why.
#
#   tools/setup.sh            install what is missing
#   tools/setup.sh --quiet    the same; prints nothing when nothing is missing (make calls this)
#   tools/setup.sh --list     the packages and what each is for
#   tools/setup.sh --doctor   versions, CPU features, what is missing and which package has it; installs nothing
#
# Works as root or with sudo. Exit status: 0 all there, 1 something is missing and could not be installed, 2 wrong usage.
set -euo pipefail

# package: what for
packages="
clang-19: compiles kernel, domains and tools
llvm-19: archives, symbols, disassembly
llvm-19-dev: LLVM-C, for bhlower
lld-19: links domain images and the kernel
libclang-rt-19-dev: sanitizers and libFuzzer
clang-format-19: make format
clang-tidy-19: make tidy
gcc: builds the kernel's C library, capstone and libunwind from source
libc6-dev: headers for the tools that run on the host
make: runs the build
git: lists the project's files for format, tidy and metrics
python3: build scripts, runs, tests, bhctl
flex: lexer of the IDL compiler
bison: parser of the IDL compiler
dpkg-dev: unpacks Debian source packages
pkg-config: finds Criterion
libcriterion-dev: unit tests
libcapstone-dev: disassembler of the verifier on the host
libunwind-dev: backtraces of the hosted kernel
liblzma-dev: wanted by libunwind
qemu-system-x86: runs Bulkhead
seabios: firmware of the emulated machine
bochs: second emulator
bochsbios: firmware of the second emulator
vgabios: firmware of the second emulator
bochs-term: its display without a window
grub-pc-bin: bootable ISO
grub-common: grub-mkrescue
xorriso: writes the ISO
mtools: wanted by grub-mkrescue
e2fsprogs: makes the guest's disk
busybox-static: the guest's programs
cpio: the guest's initramfs
nuttcp: measures TCP throughput in the guest
tcl: makes the one big file of SQLite's source
xz-utils: unpacks the guest's modules
acpica-tools: checks the guest's ACPI tables in the unit tests
wabt: wasm2c, which the benchmarks compare with
wasi-libc: the C library of the WebAssembly side of the benchmarks
libclang-rt-19-dev-wasm32: the same, what clang calls
gdb: make debug, and a test that steps through a domain
spin: checks the models of the protocols
"

say() { printf '%s\n' "$*" >&2; }
names() { sed -n 's/^\([^:]*\): .*/\1/p' <<<"$packages"; }
reason() { sed -n "s/^$1: //p" <<<"$packages"; }

# Names of wanted packages that are not installed; one call of dpkg-query for all.
missing() {
    local have
    # shellcheck disable=SC2046
    have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $(names) 2>/dev/null | sed -n 's/^installed //p' || :)
    comm -23 <(names | sort) <(sort <<<"$have")
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo --preserve-env=DEBIAN_FRONTEND "$@"; fi
}

install_missing() {
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
        say "setup: packages are missing, and we are neither root nor have sudo. As root, run:"
        say "  apt-get install --no-install-recommends $(tr '\n' ' ' <<<"$want")"
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    local options=(-q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2)
    say "setup: installing $(wc -w <<<"$want") Debian packages:"
    for package in $want; do
        say "$(printf '  %-20s %s' "$package" "$(reason "$package")")"
    done
    log=$(mktemp)
    trap 'rm -f "${log:-}"' EXIT
    # A repository of somebody else's that fails must not stop us: what counts is whether the packages come.
    as_root apt-get "${options[@]}" update >"$log" 2>&1 || say "setup: warning: not every package list could be refreshed"
    # shellcheck disable=SC2086
    if ! as_root apt-get "${options[@]}" install --no-install-recommends $want >>"$log" 2>&1; then
        grep -E '^(E|W|Err)|Unable|Could not' "$log" | sort -u | head -12 >&2
        say "setup: the packages could not be installed. Nothing else was changed. Bulkhead builds on Debian 12 with its"
        say "setup: main, updates and security repositories; check the network and /etc/apt, then run tools/setup.sh again."
        exit 1
    fi
    say "setup: done"
}

version() { # label command...
    local label=$1 text
    shift
    if command -v "$1" >/dev/null; then
        text=$("$@" 2>&1 | head -1 || :)
        printf '  %-22s %s\n' "$label" "${text:-there}"
    else
        printf '  %-22s missing\n' "$label"
    fi
}

doctor() {
    printf 'System\n  %-22s %s\n' release "$(. /etc/os-release && echo "$PRETTY_NAME")"
    printf '  %-22s %s\n' kernel "$(uname -r)" cores "$(nproc)" memory "$(awk '/MemTotal/{printf "%.1f GiB", $2/1048576}' /proc/meminfo)"
    printf '  %-22s %s\n' "free below build/" "$(df -h --output=avail . | tail -1 | tr -d ' ')"
    printf 'Processor\n  %-22s %s\n' model "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)"
    for feature in fsgsbase nx svm vmx; do
        if grep -qwm1 "$feature" /proc/cpuinfo; then state=yes; else state=no; fi
        case $feature in
        fsgsbase) why="the hosted platform needs it" ;;
        nx) why="pages that cannot be executed" ;;
        *) why="only if Bulkhead is to run on this machine itself; QEMU emulates it" ;;
        esac
        printf '  %-22s %-4s %s\n' "$feature" "$state" "($why)"
    done
    if [ -w /dev/kvm ]; then kvm=usable; else kvm="not usable (QEMU then emulates: slower, and enough)"; fi
    printf '  %-22s %s\n' /dev/kvm "$kvm"
    printf 'Tools\n'
    version clang clang-19 --version
    version lld ld.lld-19 --version
    version LLVM llvm-config-19 --version
    version gcc gcc --version
    version make make --version
    version python3 python3 --version
    version qemu qemu-system-x86_64 --version
    version bochs dpkg-query -W -f '${Version}' bochs
    version grub-mkrescue grub-mkrescue --version
    version xorriso xorriso -version
    version gdb gdb --version
    version spin spin -V
    version flex flex --version
    version bison bison --version
    printf 'Packages\n'
    if [ -z "$want" ]; then
        printf '  all %s are installed\n' "$(names | wc -l)"
        return 0
    fi
    for package in $want; do
        printf '  missing: %-20s %s\n' "$package" "$(reason "$package")"
    done
    printf '  to install them: tools/setup.sh\n'
    return 1
}

mode=${1:-install}
case $mode in
install | --quiet | --doctor) ;;
--list)
    sed -n 's/^\([^:]*\): \(.*\)/\1|\2/p' <<<"$packages" | awk -F'|' '{printf "%-20s %s\n", $1, $2}'
    exit 0
    ;;
-h | --help)
    sed -n '3,10s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
*)
    say "setup: unknown option $mode (try --help)"
    exit 2
    ;;
esac
command -v dpkg-query >/dev/null || {
    say "setup: this is not a Debian system (no dpkg-query). Bulkhead builds on Debian 12; install the packages of tools/setup.sh --list by hand"
    exit 1
}
want=$(missing)
if [ "$mode" = --doctor ]; then
    doctor
elif [ -n "$want" ]; then
    install_missing
elif [ "$mode" != --quiet ]; then
    say "setup: all $(names | wc -l) packages are installed"
fi
