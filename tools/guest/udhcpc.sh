#!/bin/sh
# SPDX-License-Identifier: MIT
# /sbin/udhcpc.sh of the guest: what busybox's udhcpc calls with the DHCP server's answer in the environment.
case $1 in
deconfig)
    ip addr flush dev "$interface"
    ;;
bound | renew)
    ip addr add "$ip/${mask:-24}" dev "$interface"
    [ -z "$router" ] || ip route add default via "${router%% *}"
    for server in $dns; do echo "nameserver $server"; done >/tmp/resolv.conf
    ;;
esac
exit 0
