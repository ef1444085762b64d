#!/bin/sh
# SPDX-License-Identifier: MIT
# /sbin/init on the disk of a campaign: nothing may write to the file system, then the load, until the host types a letter.
export PATH=/bin:/sbin HOME=/root
hostname campaign
mount -t tmpfs tmp /tmp
mount -o remount,ro /
stty -echo
echo "campaign: the load starts"
bulkhead-load /dev/vda 92274688 1024
echo "@END"
sleep 1000
