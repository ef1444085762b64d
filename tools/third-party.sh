#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Third-party code from Debian's source packages, built with our flags and cached below DIR (build/third-party).
#
#   third-party.sh source DIR PACKAGE    fetch and unpack a source package as DIR/src/PACKAGE (pristine)
#   third-party.sh headers DIR PACKAGE NAME  fetch a binary package and unpack its headers as DIR/NAME, installing nothing
#   third-party.sh musl DIR              the kernel's C library      -> DIR/kernel/{include,lib/libc.a}
#   third-party.sh capstone DIR          disassembler, x86 only      -> DIR/kernel/{include,lib/libcapstone.a}
#   third-party.sh libunwind DIR         unwinder, remote only       -> DIR/kernel/{include,lib/libunwind-x86_64.a}
#
# Packages come through apt with a private list of sources (that of the machine, turned to deb-src), so the machine's own apt
# configuration stays as it is. Signatures are checked by apt as always.
set -euo pipefail

say() { printf '  %-8s %s\n' "$1" "$2"; }
die() {
    printf 'third-party.sh: %s\n' "$*" >&2
    exit 1
}
usage() {
    sed -n '3,12s/^# \{0,1\}//p' "$0"
    exit "$1"
}

case "${1:-}" in -h | --help) usage 0 ;; source | headers | musl | capstone | libunwind) ;; *) usage 2 >&2 ;; esac
[ $# -ge 2 ] || usage 2 >&2
command=$1
mkdir -p "$2"
root=$(cd "$2" && pwd)
kernel=$root/kernel
work=$root/built
mkdir -p "$kernel/include" "$kernel/lib" "$work" "$root/src"

# No red zone, unwind tables for everything, nothing relative to %fs; the same for all three libraries.
flags="-O2 -g1 -mno-red-zone -fno-stack-protector -fno-pic -fno-pie -fasynchronous-unwind-tables -fcf-protection=none"
flags="$flags -ffile-prefix-map=$root=third-party"

# ---- fetching ----------------------------------------------------------------------------------------------------
apt_options=()
private_sources() {
    local codename parts=$root/apt/parts
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    [ -n "$codename" ] || die "/etc/os-release names no Debian release; Bulkhead builds on Debian 12"
    mkdir -p "$parts" "$root/apt/lists/partial" "$root/apt/cache/archives/partial"
    { cat /etc/apt/sources.list.d/*.sources 2>/dev/null || :; } | awk -v name="$codename" 'BEGIN { RS = ""; ORS = "\n\n" }
        $0 ~ "(^|\n)Suites:[^\n]*[ \t]" name "(-updates|-security)?([ \t]|\n|$)" && /(^|\n)Components:[^\n]*[ \t]main/ {
            sub(/Types:[^\n]*/, "Types: deb-src"); print }' >"$parts/private.sources"
    { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || :; } | awk -v name="$codename" '
        $1 == "deb" && $0 ~ "[ \t]" name "(-updates|-security)?[ \t]" && /[ \t]main([ \t]|$)/ {
            sub(/^deb/, "deb-src"); print }' >"$parts/private.list"
    [ -s "$parts/private.sources" ] || [ -s "$parts/private.list" ] ||
        die "no Debian $codename repository in /etc/apt/sources.list or /etc/apt/sources.list.d; add one and try again"
    apt_options=(-qq -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$parts" -o "Dir::State::lists=$root/apt/lists"
        -o "Dir::Cache=$root/apt/cache" -o "APT::Sandbox::User=$(id -un)" -o Acquire::Retries=2 -o APT::Update::Error-Mode=any)
}

fetch() {
    local package=$1 target=$root/src/$1 unpack=$root/apt/unpack-$1
    [ -e "$target/.ready" ] && return
    for tool in apt-get dpkg-source; do
        command -v "$tool" >/dev/null || die "$tool is missing; run tools/setup.sh"
    done
    exec 8>"$root/.apt-lock"
    flock 8
    say FETCH "$package (Debian source package)"
    private_sources
    if ! [ -e "$root/apt/updated" ]; then
        apt-get "${apt_options[@]}" update >"$root/apt/log" 2>&1 || {
            cat "$root/apt/log" >&2
            die "cannot reach the package repository for the source of $package. Nothing is lost: connect, then repeat the command"
        }
        touch "$root/apt/updated"
    fi
    rm -rf "$unpack" "$target"
    mkdir -p "$unpack"
    (cd "$unpack" && apt-get "${apt_options[@]}" source "$package") >"$root/apt/log" 2>&1 || {
        cat "$root/apt/log" >&2
        rm -f "$root/apt/updated"
        die "cannot fetch the source package $package. Connect to the network, then repeat the command"
    }
    local folders=("$unpack"/*/)
    [ ${#folders[@]} -eq 1 ] && [ -d "${folders[0]}" ] || die "the source package $package has an unexpected form"
    mv "${folders[0]%/}" "$target"
    rm -rf "$unpack"
    touch "$target/.ready"
    flock -u 8
}

# By the machine's own lists of packages; nothing is installed.
fetch_headers() {
    local package=$1 target=$root/$2 unpack=$root/apt/unpack-$1
    [ -e "$target/.ready" ] && return
    say FETCH "$package (headers only)"
    rm -rf "$unpack" "$target"
    mkdir -p "$unpack/contents" "$target"
    (cd "$unpack" && apt-get -qq -o "APT::Sandbox::User=$(id -un)" download "$package" && dpkg-deb -x ./*.deb contents) >"$root/apt/log" 2>&1 || {
        cat "$root/apt/log" >&2
        die "cannot fetch the package $package. Connect to the network or run apt-get update, then repeat the command"
    }
    mv "$unpack/contents/usr" "$target/usr" && rm -rf "$unpack" "$target"/usr/lib "$target"/usr/share
    touch "$target/.ready"
}

# A fresh copy to patch and build in.
copy() {
    fetch "$1"
    rm -rf "${work:?}/$1"
    cp -a "$root/src/$1" "$work/$1"
}

# edit FILE SED-SCRIPT PROOF: patch a file and make sure that the patch took.
edit() {
    sed -i "$2" "$1"
    grep -q -- "$3" "$1" || die "the edit of $1 did not take: this version of the source package is not the one expected"
}

quiet() {
    local log=$work/$command.log
    "$@" >>"$log" 2>&1 || {
        { grep -iE -B2 -A2 'error' "$log" || tail -8 "$log"; } | cut -c1-300 | tail -24 >&2
        die "building $command failed; whole log: $log"
    }
}

# ---- building ----------------------------------------------------------------------------------------------------
# System calls become calls of __ksyscall; the thread pointer is a variable, since %fs belongs to the domains; assembly gets
# unwind tables as well.
build_musl() {
    copy musl
    cd "$work/musl"
    edit arch/x86_64/syscall_arch.h 's/"syscall"/"call __ksyscall"/' 'call __ksyscall'
    for file in src/process/x86_64/vfork.s src/signal/x86_64/restore.s src/thread/x86_64/clone.s \
        src/thread/x86_64/syscall_cp.s src/thread/x86_64/__unmapself.s; do
        edit "$file" 's/^\([[:space:]]*\)syscall\>/\1call __ksyscall/' 'call __ksyscall'
    done
    edit tools/add-cfi.x86_64.awk 's/\.cfi_sections \.debug_frame/.cfi_sections .eh_frame, .debug_frame/' 'eh_frame, .debug_frame'
    # In ring 0 hlt waits instead of faulting.
    edit arch/x86_64/atomic_arch.h 's/"hlt"/"ud2"/' '"ud2"'
    cat >src/thread/x86_64/__set_thread_area.s <<'END'
.text
.global __set_thread_area
.hidden __set_thread_area
.type __set_thread_area,@function
__set_thread_area:
	mov %rdi,__kthread_pointer(%rip)
	xor %eax,%eax
	ret
.section .note.GNU-stack,"",@progbits
END
    cat >arch/x86_64/pthread_arch.h <<'END'
static inline uintptr_t __get_tp()
{
	extern uintptr_t __kthread_pointer;
	return __kthread_pointer;
}

#define MC_PC gregs[REG_RIP]
END
    quiet ./configure --prefix="$kernel" --syslibdir="$kernel/lib" --disable-shared --enable-wrapper=gcc CC=gcc CFLAGS="$flags"
    quiet make -s -j2
    quiet make install
}

build_capstone() {
    [ -e "$kernel/lib/libc.a" ] || build_musl
    copy capstone
    cd "$work/capstone"
    local defines="-DCAPSTONE_USE_SYS_DYN_MEM -DCAPSTONE_HAS_X86"
    local headers="-nostdinc -isystem $kernel/include -isystem $(gcc -print-file-name=include) -Iinclude"
    quiet make -j2 CC=gcc CAPSTONE_ARCHS=x86 CAPSTONE_STATIC=yes CAPSTONE_SHARED=no CAPSTONE_BUILD_CORE_ONLY=yes \
        CFLAGS="$flags $headers $defines" libcapstone.a
    cp libcapstone.a "$kernel/lib/"
    cp -r include/capstone "$kernel/include/"
}

build_libunwind() {
    [ -e "$kernel/bin/musl-gcc" ] || build_musl
    copy libunwind
    cd "$work/libunwind"
    # configure wants to link programs; they need some door to the system, never used.
    printf '.globl __ksyscall\n__ksyscall: ret\n.comm __kthread_pointer, 8\n.section .note.GNU-stack,"",@progbits\n' | gcc -c -x assembler - -o "$work/door.o"
    quiet env CC="$kernel/bin/musl-gcc" CFLAGS="$flags" LDFLAGS="-no-pie -static" LIBS="$work/door.o" ./configure \
        --host=x86_64-linux-musl --disable-shared --enable-static --disable-minidebuginfo --disable-tests \
        --disable-documentation --disable-coredump --disable-ptrace --disable-setjmp --disable-unwind-header \
        --disable-cxx-exceptions --disable-zlibdebuginfo
    quiet make -j2 -C src
    cp src/.libs/libunwind-x86_64.a src/.libs/libunwind.a "$kernel/lib/"
    cp include/libunwind-common.h include/libunwind.h include/libunwind-dynamic.h include/libunwind-x86_64.h "$kernel/include/"
}

case $command in
source)
    [ $# -eq 3 ] || usage 2 >&2
    fetch "$3"
    ;;
headers)
    [ $# -eq 4 ] || usage 2 >&2
    fetch_headers "$3" "$4"
    ;;
musl | capstone | libunwind)
    command -v gcc >/dev/null || die "gcc is missing; run tools/setup.sh"
    rm -f "$work/$command.log"
    say BUILD "$command for the kernel (once)"
    "build_$command"
    ;;
esac
