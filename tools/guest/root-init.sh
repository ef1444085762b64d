#!/bin/sh
# SPDX-License-Identifier: MIT
# /sbin/init on the guest's disk: one command (bulkhead.command=BASE64 on the kernel's command line), or a shell; then the machine ends
# with its status.
export PATH=/bin:/sbin HOME=/root TERM="${TERM:-vt102}" PS1='guest:\w# '
hostname guest
mount -t tmpfs tmp /tmp
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
