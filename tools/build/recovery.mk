# SPDX-License-Identifier: MIT
#
# Tests of recovery: tests/system/recovery.py, giving_up.py, dying_steps.py and storms.py with the domains that they break, and those that notice.
TEST_SCRIPTS += tests/system/recovery.py tests/system/giving_up.py tests/system/dying_steps.py tests/system/dying_trials.py tests/system/storms.py
TEST_TARGETS += $(HOSTED)/bulkhead $(addprefix $(BUILD)/domains/,impostor.elf clerk.elf metronome.elf ramdisk.elf hello.elf supervisor.elf control.elf console.elf virtio-blk.elf virtio-blk-plain.elf vmm.elf)
