# SPDX-License-Identifier: MIT
#
# Tests of recovery: tests/system/recovery.py, giving_up.py and dying_steps.py with the domains that they break, and those that notice.
TEST_SCRIPTS += tests/system/recovery.py tests/system/giving_up.py tests/system/dying_steps.py
TEST_TARGETS += $(HOSTED)/bulkhead $(addprefix $(BUILD)/domains/,impostor.elf clerk.elf ramdisk.elf hello.elf supervisor.elf control.elf console.elf virtio-blk.elf virtio-blk-plain.elf vmm.elf)
