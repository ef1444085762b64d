#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The Linux guest: Debian's kernel for clouds, an initramfs and a disk.
#
#   make-guest.sh kernel CACHE OUT     fetch linux-image-cloud-amd64 (cached in CACHE) -> OUT/vmlinuz, OUT/modules/
#   make-guest.sh initrd OUT           busybox-static and the virtio modules           -> OUT/initrd
#   make-guest.sh disk OUT [SIZE]      a root file system in ext4, with nuttcp         -> OUT/disk.img (256M)
#   make-guest.sh campaign OUT FIO     the same with the load of tools/campaign        -> OUT/campaign.img (48M)
#
# Nothing is installed and no mount is needed.
set -euo pipefail
die() {
    printf 'make-guest.sh: %s\n' "$*" >&2
    exit 1
}
say() { printf '  %-8s %s\n' "$1" "$2"; }
here=$(cd "$(dirname "$0")" && pwd)
case "${1:-}" in
-h | --help) sed -n '3,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
kernel | initrd | disk | campaign) [ $# -ge 2 ] || { sed -n '3,10s/^# \{0,1\}//p' "$0" >&2; exit 2; } ;;
*) sed -n '3,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

# The meta package names the one with the kernel of the day.
fetch_kernel() {
    local cache=$1 package
    mkdir -p "$cache"
    cache=$(cd "$cache" && pwd)
    [ ! -e "$cache/.ready" ] || return 0
    say FETCH "linux-image-cloud-amd64 (Debian package, for the guest)"
    package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -1)
    [ -n "$package" ] || die "no package linux-image-cloud-amd64 is known here; run apt-get update with Debian 12's main repository, then try again"
    (cd "$cache" && rm -rf ./*.deb tree && apt-get -qq -o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=2 download "$package" >log 2>&1) || {
        cat "$cache/log" >&2
        die "$package cannot be fetched. Nothing is lost: connect to the network, then repeat the command"
    }
    dpkg-deb -x "$cache"/*.deb "$cache/tree"
    touch "$cache/.ready"
}

make_kernel() {
    local cache=$1 out=$2 release
    fetch_kernel "$cache"
    release=$(ls "$cache/tree/lib/modules")
    mkdir -p "$out/modules"
    for module in virtio virtio_ring virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk failover net_failover virtio_net virtio-rng; do
        file=$(find "$cache/tree/lib/modules/$release" -name "$module.ko*" -print -quit)
        case "$file" in
        "") ;; # built into the kernel
        *.xz) xz -dc "$file" >"$out/modules/$module.ko" ;;
        *) cp "$file" "$out/modules/$module.ko" ;;
        esac
    done
    cp "$cache/tree/boot/vmlinuz-$release" "$out/vmlinuz"
}

# Folders and programs that both file systems have.
make_tree() {
    local tree=$1
    rm -rf "$tree"
    mkdir -p "$tree"/{bin,sbin,proc,sys,dev,root,tmp,etc}
    cp /bin/busybox "$tree/bin/busybox"
    "$tree/bin/busybox" --list | grep -vx busybox | while read -r name; do ln -s busybox "$tree/bin/$name"; done
    clang-19 -O2 -ffreestanding -fno-stack-protector -nostdlib -static -fuse-ld=lld "$here/bulkhead-exit.c" -o "$tree/bin/bulkhead-exit"
}

make_initrd() {
    local out=$1 tree=$1/initrd.tree
    file -b /bin/busybox 2>/dev/null | grep -q dynamically && die "/bin/busybox is not static; install busybox-static"
    make_tree "$tree"
    cp -r "$out/modules" "$tree/modules"
    cp "$here/init.sh" "$tree/init"
    chmod 755 "$tree/init"
    (cd "$tree" && find . -print0 | LC_ALL=C sort -z | cpio --null -o -H newc -R 0:0 --quiet) >"$out/initrd.new"
    mv "$out/initrd.new" "$out/initrd"
    rm -rf "$tree"
}

# A program of this machine, with the libraries that it needs.
copy_program() {
    local tree=$1 program=$2 file
    cp "$program" "$tree/bin/"
    for file in $(ldd "$program" | grep -o '/[^ ]*'); do
        mkdir -p "$tree$(dirname "$file")"
        cp -L "$file" "$tree$file"
    done
}

# A file system with a folder's contents, and INIT as its first program.
make_image() {
    local tree=$1 init=$2 image=$3 size=$4
    cp "$init" "$tree/sbin/init"
    chmod 755 "$tree/sbin/init"
    echo 'root:x:0:0:root:/root:/bin/sh' >"$tree/etc/passwd"
    rm -f "$image.new"
    PATH=$PATH:/sbin:/usr/sbin mke2fs -q -t ext4 -L bulkhead -E root_owner=0:0 -d "$tree" "$image.new" "$size" || {
        rm -f "$image.new"
        die "the disk image cannot be made; is there room for $image? (df -h ${image%/*})"
    }
    mv "$image.new" "$image"
    rm -rf "$tree"
}

make_disk() {
    local out=$1 tree=$1/disk.tree
    make_tree "$tree"
    cp "$here/udhcpc.sh" "$tree/sbin/udhcpc.sh"
    chmod 755 "$tree/sbin/udhcpc.sh"
    ln -s /tmp/resolv.conf "$tree/etc/resolv.conf"
    copy_program "$tree" "$(command -v nuttcp || die "nuttcp is missing; tools/setup.sh installs it")"
    if [ -e "$out/disk.img" ]; then
        say KEEP "$out/disk.img.before: the disk so far, with what the guest wrote; remove it if it is not needed"
        mv "$out/disk.img" "$out/disk.img.before"
    fi
    make_image "$tree" "$here/root-init.sh" "$out/disk.img" "${2:-256M}"
}

make_campaign() {
    local out=$1 tree=$1/campaign.tree
    make_tree "$tree"
    clang-19 -std=gnu23 -O2 -static -pthread "$here"/campaign/*.c -o "$tree/bin/bulkhead-load"
    cp "$2" "$tree/bin/fio"
    cp "$here/campaign/load.fio" "$tree/etc"
    make_image "$tree" "$here/campaign/root-init.sh" "$out/campaign.img" 48M
}

case $1 in
kernel)
    [ $# -eq 3 ] || die "kernel takes CACHE and OUT"
    make_kernel "$2" "$3"
    ;;
initrd) make_initrd "$2" ;;
disk) make_disk "$2" "${3:-256M}" ;;
campaign)
    [ $# -eq 3 ] || die "campaign takes OUT and FIO"
    make_campaign "$2" "$3"
    ;;
esac
