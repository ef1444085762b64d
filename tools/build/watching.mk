# SPDX-License-Identifier: MIT
#
# Tests of watching a system: the trace, core files, numbers (tests/system/watching.py). The guest and the images come from where else they are made.
TEST_SCRIPTS += tests/system/watching.py
TEST_TARGETS += $(RUN_TARGETS) $(HOSTED_KERNEL) $(BUILD)/domains/conductor.elf $(BUILD)/domains/victim.elf $(BUILD)/pc/bulkhead.elf
