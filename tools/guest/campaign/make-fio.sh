#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# make-fio.sh CACHE: CACHE/fio/fio, fio from Debian's source package, static. The binary package needs the libraries of Ceph, GlusterFS and others, more than
# a hundred megabytes that a guest's disk need not have; left out here are just the engines that talk to those.
set -euo pipefail
cache=$1
"$(dirname "$0")/../../third-party.sh" source "$cache" fio
printf '  %-8s %s\n' BUILD "fio (for the guest's load; log: $cache/fio/log)"
rm -rf "$cache/fio"
cp -r "$cache/src/fio" "$cache/fio"
cd "$cache/fio"
off=()
for feature in numa rdma rados rbd gfapi http pmem shm native lex tcmalloc; do off+=("--disable-$feature"); done
{ CC=gcc ./configure --build-static "${off[@]}" && make -j2 fio && strip fio; } >log 2>&1 || {
    tail -20 log >&2
    exit 1
}
