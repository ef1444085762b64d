#!/bin/sh
# SPDX-License-Identifier: MIT
# First program of the guest, in the initramfs: loads the drivers of disk, network and entropy source, mounts the disk and goes on there.
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk failover net_failover virtio_net virtio-rng; do
    [ ! -e /modules/$module.ko ] || insmod /modules/$module.ko
done
tries=0
while [ ! -b /dev/vda ] && [ $tries -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
# A disk that may not be written cannot have its journal replayed: the last run's end is left as it is.
mode=rw
[ "$(cat /sys/block/vda/ro 2>/dev/null)" != 1 ] || mode=ro,noload
if [ ! -b /dev/vda ]; then
    echo "init: there is no disk"
elif ! mount -t ext4 -o $mode /dev/vda /root; then
    echo "init: the disk has no usable ext4 file system"
elif [ ! -x /root/sbin/init ]; then
    echo "init: the disk has no /sbin/init"
else
    mount --move /proc /root/proc
    mount --move /sys /root/sys
    mount --move /dev /root/dev
    exec switch_root /root /sbin/init
fi
if grep -q ' bulkhead.command=' /proc/cmdline; then
    bulkhead-exit 126
fi
echo "init: this is the shell of the initramfs"
sh
bulkhead-exit 126
