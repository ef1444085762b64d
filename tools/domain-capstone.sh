#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Capstone for domains: Debian's source package, x86 only, compiled by bhcc.
#
#   domain-capstone.sh BUILD      -> BUILD/domain-lib/{libcapstone.a,libcapstone-hardened.a,include/capstone}
set -euo pipefail
case "${1:-}" in -h | --help | "") sed -n '3,5s/^# \{0,1\}//p' "$0"; exit 2 ;; esac
here=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "$1" && pwd)
work=$build/third-party/built/domain-capstone
printf '  %-8s %s\n' BUILD "capstone for domains (once)"
"$here/tools/third-party.sh" source "$build/third-party" capstone
rm -rf "$work"
cp -a "$build/third-party/src/capstone" "$work"
cd "$work"
mkdir objects
flags="-std=gnu99 -O2 -g1 -w -Iinclude -DCAPSTONE_USE_SYS_DYN_MEM -DCAPSTONE_HAS_X86"
export flags build
printf '%s\n' *.c arch/X86/*.c | xargs -P 2 -I{} sh -c '"$build/bin/bhcc" $flags --both -c {} -o "objects/$(basename {} .c).o"'
rm -f "$build/domain-lib/libcapstone.a" "$build/domain-lib/libcapstone-hardened.a"
llvm-ar-19 rcs "$build/domain-lib/libcapstone.a" objects/*.o
llvm-ar-19 rcs "$build/domain-lib/libcapstone-hardened.a" objects/*.o.hardened
rm -rf "$build/domain-lib/include/capstone"
cp -r include/capstone "$build/domain-lib/include/"
