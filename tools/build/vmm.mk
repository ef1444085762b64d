# SPDX-License-Identifier: MIT
#
# The vmm domain's device models on the host: tests/unit/vmm/NAME.c with all of domains/vmm but its doors to other domains.
VMM_TEST_DIR := $(BUILD)/tests/vmm
VMM_TEST_FLAGS = -std=gnu23 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -I. -Iruntime/include -Idomains/vmm -I$(BUILD)/gen/include \
	-fsanitize=address,undefined -fno-sanitize-recover=undefined
VMM_TESTED := $(filter-out domains/vmm/main.c domains/vmm/resume.c domains/vmm/backend.c domains/vmm/net.c domains/vmm/entropy.c,$(wildcard domains/vmm/*.c)) tests/unit/vmm/fixture.c \
	runtime/net_client.c runtime/ring.c runtime/ring_client.c runtime/ring_server.c
VMM_TEST_WRAPPED := -Wl,--wrap=bh_ring_submit,--wrap=bh_ring_complete,--wrap=bh_ring_arm_completion,--wrap=bh_ring_request,--wrap=bh_ring_submit_notify
VMM_TESTED_OBJECTS := $(patsubst %.c,$(VMM_TEST_DIR)/obj/%.o,$(VMM_TESTED))
VMM_TESTS := $(patsubst tests/unit/vmm/%.c,%,$(filter-out %/fixture.c,$(wildcard tests/unit/vmm/*.c)))

$(VMM_TEST_DIR)/obj/%.o: %.c | $(GENERATED_HEADERS)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(VMM_TEST_FLAGS) -MMD -MP -c $< -o $@

$(VMM_TEST_DIR)/vmm-%: $(VMM_TEST_DIR)/obj/tests/unit/vmm/%.o $(VMM_TESTED_OBJECTS)
	$(call say,TEST,$@)
	$(Q)$(CC) $(VMM_TEST_FLAGS) $^ $(VMM_TEST_WRAPPED) -lcriterion -lcapstone -o $@

# Single steps through the device models, without what sanitizers put between them.
VMM_STEPPED := deaths
VMM_STEP_FLAGS = $(filter-out -fsanitize% -fno-sanitize%,$(VMM_TEST_FLAGS))
$(VMM_TEST_DIR)/stepped/%.o: %.c | $(GENERATED_HEADERS)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(VMM_STEP_FLAGS) -MMD -MP -c $< -o $@

$(VMM_STEPPED:%=$(VMM_TEST_DIR)/vmm-%): $(VMM_TEST_DIR)/vmm-%: $(VMM_TEST_DIR)/stepped/tests/unit/vmm/%.o $(patsubst %.c,$(VMM_TEST_DIR)/stepped/%.o,$(VMM_TESTED))
	$(call say,TEST,$@)
	$(Q)$(CC) $(VMM_STEP_FLAGS) $^ $(VMM_TEST_WRAPPED) -lcriterion -lcapstone -o $@

.SECONDARY: $(VMM_TESTS:%=$(VMM_TEST_DIR)/obj/tests/unit/vmm/%.o) $(VMM_TESTED_OBJECTS)
ifneq ($(wildcard codegen/bhidl/*),)
UNIT_TESTS += $(VMM_TESTS:%=$(VMM_TEST_DIR)/vmm-%)
TEST_TARGETS += $(VMM_TESTS:%=$(VMM_TEST_DIR)/vmm-%)
endif
-include $(wildcard $(VMM_TEST_DIR)/*/runtime/*.d $(VMM_TEST_DIR)/stepped/*/*/*.d $(VMM_TEST_DIR)/stepped/*/*/*/*.d)
-include $(wildcard $(VMM_TEST_DIR)/obj/*/*/*.d $(VMM_TEST_DIR)/obj/*/*/*/*.d)

# Small guests: PVH ELF files from tests/guests and bench/guests.
GUESTS := $(patsubst %.S,$(BUILD)/guests/%.elf,$(notdir $(wildcard tests/guests/*.S bench/guests/*.S)))
$(BUILD)/guests/%.elf: tests/guests/%.S tests/guests/guest.h tests/guests/guest.ld
	$(guest_recipe)
$(BUILD)/guests/%.elf: bench/guests/%.S tests/guests/guest.h tests/guests/guest.ld
	$(guest_recipe)

define guest_recipe
$(call say,GUEST,$@)
$(Q)mkdir -p $(@D)
$(Q)$(CC) --target=x86_64-linux-gnu -c $< -o $(@:.elf=.o)
$(Q)$(LD) -static --build-id=none -z noexecstack -T tests/guests/guest.ld $(@:.elf=.o) -o $@
endef

.PHONY: guests
guests: $(GUESTS)
ALL_TARGETS += $(GUESTS)
