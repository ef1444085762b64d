# SPDX-License-Identifier: MIT
#
# Tests of the drivers of virtio devices but the disk's: systems of one driver and a domain that uses it, in QEMU.
TEST_SCRIPTS += tests/system/net.py
TEST_TARGETS += $(addprefix $(BUILD)/domains/,station.elf virtio-net.elf supervisor.elf control.elf) $(BUILD)/pc/bulkhead.elf
