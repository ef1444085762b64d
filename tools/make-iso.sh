#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Make a bootable ISO: GRUB (BIOS) starts KERNEL by Multiboot2 with ARCHIVE as its module.
#   make-iso.sh KERNEL ISO [ARCHIVE] [COMMAND LINE]
set -euo pipefail
[ $# -ge 2 ] || {
    sed -n '4s/^# */usage: /p' "$0" >&2
    exit 2
}
kernel=$1 iso=$2 archive=${3:-} command_line=${4:-}
modules=/usr/lib/grub/i386-pc
[ -d "$modules" ] || {
    echo "make-iso.sh: $modules is missing (package grub-pc-bin); run tools/setup.sh" >&2
    exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
stage=$work/tree log=$work/log
mkdir -p "$stage/boot/grub"
cp "$kernel" "$stage/boot/kernel.elf"
llvm-strip-19 --strip-debug "$stage/boot/kernel.elf"
{
    echo 'set timeout=0'
    echo 'menuentry Bulkhead {'
    echo "  multiboot2 /boot/kernel.elf $command_line"
    if [ -n "$archive" ]; then
        cp "$archive" "$stage/boot/archive"
        echo '  module2 /boot/archive'
    fi
    echo '}'
} >"$stage/boot/grub/grub.cfg"
grub-mkrescue -d "$modules" --install-modules="multiboot2 normal iso9660 biosdisk" --fonts= --locales= --themes= --compress=xz \
    -o "$iso" "$stage" >"$log" 2>&1 || {
    tail -5 "$log" >&2
    echo "make-iso.sh: grub-mkrescue could not write $iso" >&2
    exit 1
}
