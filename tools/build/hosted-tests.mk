# SPDX-License-Identifier: MIT
#
# Scenarios with real domains in the hosted kernel: tests/hosted with the domains of tests/domains.
TEST_SCRIPTS += tests/hosted/hosted.py
TEST_TARGETS += $(HOSTED)/bulkhead $(BUILD)/domains/conductor.elf $(BUILD)/domains/victim.elf
