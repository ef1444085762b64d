# SPDX-License-Identifier: MIT
#
# Unit tests of the bare-metal platform's readers of foreign data, on the host: tests/unit/platform/NAME.c with what it tests.
PLATFORM_TEST_DIR := $(BUILD)/tests/platform
PLATFORM_TESTS := acpi pci bootinfo dmar nested
PLATFORM_TESTED_acpi := kernel/platform/pc/acpi.c
PLATFORM_TESTED_pci := kernel/platform/pc/pci.c kernel/platform/pc/pci_control.c kernel/platform/pc/pci_windows.c
PLATFORM_TESTED_dmar := kernel/platform/pc/dmar.c
PLATFORM_TESTED_nested := kernel/virt/nested.c
PLATFORM_TESTED_bootinfo := kernel/platform/pc/bootinfo.c
PLATFORM_TEST_FLAGS = -std=gnu23 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -I. -fsanitize=address,undefined

define platform_test
$(PLATFORM_TEST_DIR)/$(1): tests/unit/platform/$(1).c tests/unit/platform/machine.c $(PLATFORM_TESTED_$(1)) \
		$(wildcard kernel/platform/*.h kernel/platform/pc/*.h kernel/virt/*.h tests/unit/platform/*.h)
	$$(call say,TEST,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(PLATFORM_TEST_FLAGS) $$(filter %.c,$$^) -lcriterion -o $$@
UNIT_TESTS += $(PLATFORM_TEST_DIR)/$(1)
TEST_TARGETS += $(PLATFORM_TEST_DIR)/$(1)
endef
$(foreach test,$(PLATFORM_TESTS),$(eval $(call platform_test,$(test))))
