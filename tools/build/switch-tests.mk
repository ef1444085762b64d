# SPDX-License-Identifier: MIT
#
# The switch's parts that know of no other domain, on the host: tests/unit/switch/NAME.c with domains/switch/{frame,addresses}.c.
SWITCH_TEST_DIR := $(BUILD)/tests/switch
SWITCH_TESTED := domains/switch/frame.c domains/switch/addresses.c
SWITCH_TESTS := $(patsubst tests/unit/switch/%.c,$(SWITCH_TEST_DIR)/switch-%,$(wildcard tests/unit/switch/*.c))

$(SWITCH_TEST_DIR)/switch-%: tests/unit/switch/%.c $(SWITCH_TESTED) $(wildcard domains/switch/*.h) | $(GENERATED_HEADERS)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu23 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -I. -Iruntime/include -Idomains/switch -I$(BUILD)/gen/include \
		-fsanitize=address,undefined -fno-sanitize-recover=undefined $< $(SWITCH_TESTED) -lcriterion -o $@

ifneq ($(wildcard codegen/bhidl/*),)
UNIT_TESTS += $(SWITCH_TESTS)
TEST_TARGETS += $(SWITCH_TESTS)
endif
