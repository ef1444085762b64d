#!/bin/sh
# SPDX-License-Identifier: MIT
# /sbin/init on the disk of a campaign: nothing may write to the file system, the network is up, then the load, until the host types a line; another one begins it again.
export PATH=/bin:/sbin HOME=/root
hostname campaign
dmesg -n 1 # what the load prints is summed up; its kernel's words it reads from the log
mount -t tmpfs tmp /tmp
mount -o remount,ro /
stty -echo
ip link set lo up
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
ip route add default via 10.0.2.2
while true; do
    echo "campaign: the load starts"
    bulkhead-load /dev/vda 92274688 1024
    echo "@END"
    read -r again
done
