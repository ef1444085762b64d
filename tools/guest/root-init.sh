#!/bin/sh
# SPDX-License-Identifier: MIT
# /sbin/init on the guest's disk: one command (bulkhead.command=BASE64 on the kernel's command line), or a shell; then the machine ends
# with its status.
export PATH=/bin:/sbin HOME=/root TERM="${TERM:-vt102}" PS1='guest:\w# '
hostname guest
mount -t tmpfs tmp /tmp
# The network: bulkhead.ip=ADDRESS/BITS[,GATEWAY] of the command line, or what DHCP says.
network() {
    ip link set lo up
    [ -e /sys/class/net/eth0 ] || return
    address=$(sed -n 's/.* bulkhead\.ip=\([0-9.\/,]*\).*/\1/p' /proc/cmdline)
    ip link set eth0 up
    if [ -z "$address" ]; then
        udhcpc -i eth0 -n -q -t 8 -T 1 -s /sbin/udhcpc.sh >/tmp/udhcpc.log 2>&1 || echo "init: no DHCP server answers (/tmp/udhcpc.log)"
        return
    fi
    ip addr add "${address%%,*}" dev eth0
    case $address in *,*) ip route add default via "${address#*,}" ;; esac
}
network
cd /root
command=$(sed -n 's/.* bulkhead\.command=\([A-Za-z0-9+\/=]*\).*/\1/p' /proc/cmdline)
# Lines between these marks are the command's own; tools/run/run.py looks for them.
if [ -n "$command" ]; then
    echo "$command" | base64 -d >/tmp/command
    echo "bulkhead: the command starts"
    sh /tmp/command </dev/null 2>&1
    status=$?
    echo "bulkhead: the command ended"
else
    echo "bulkhead: the guest's shell; \`exit' ends the machine"
    setsid cttyhack sh -l
    status=$?
fi
sync
mount -o remount,ro / 2>/dev/null
bulkhead-exit $status
