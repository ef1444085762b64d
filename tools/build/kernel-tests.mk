# SPDX-License-Identifier: MIT
#
# Tests of the kernel core and of the tools around it: scenarios with real domains in the hosted kernel and on bare metal (tests/hosted and
# tests/system with the domains of tests/domains), wrong and right interface files and manifests, and unit tests (tests/unit/kernel), alone or with the kernel as a library.
TEST_SCRIPTS += tests/hosted/hosted.py tests/hosted/interfaces.py tests/system/domains.py tests/system/call.py tests/system/shadows.py tests/idl/idl.py tests/manifest/manifest.py tests/manifest/colours.py
TEST_TARGETS += $(BHIDL) $(HOSTED)/bulkhead $(BUILD)/pc/bulkhead.elf $(BUILD)/domains/conductor.elf $(BUILD)/domains/victim.elf $(BUILD)/domains/victim-hardened.elf $(BUILD)/domains/hello.elf $(BUILD)/domains/supervisor.elf $(BUILD)/domains/shop.elf $(BUILD)/domains/shopper.elf
TEST_SCRIPTS += tests/hosted/rings.py tests/hosted/switch.py tests/system/dma.py
TEST_TARGETS += $(addprefix $(BUILD)/domains/,hub.elf spoke.elf judge.elf prowler.elf warden.elf switch.elf neighbour.elf rowdy.elf)

KERNEL_TEST_DIR := $(BUILD)/tests/kernel
KERNEL_TESTS := $(patsubst tests/unit/kernel/%.c,%,$(wildcard tests/unit/kernel/*.c))
# What a test brings its own world for, and so is built with sanitizers.
KERNEL_TESTED_frames := kernel/mm/frames.c
KERNEL_TESTED_interrupts := kernel/domain/interrupts.c
KERNEL_TESTED_timer := kernel/sched/timer.c
KERNEL_TESTED_runqueue := kernel/sched/runqueue.c
KERNEL_TESTED_watchdog := kernel/sched/watchdog.c
RING_SIDES := runtime/ring.c runtime/ring_client.c runtime/ring_server.c
KERNEL_TESTED_ring := $(RING_SIDES)
KERNEL_TESTED_ring_watch := $(RING_SIDES) runtime/ring_watch.c
KERNEL_TESTED_ring_steps := $(RING_SIDES)
KERNEL_TESTED_ring_batch := $(RING_SIDES)
KERNEL_TESTED_ring_set := $(RING_SIDES) runtime/ring_set.c
KERNEL_TESTED_ring_shared := $(RING_SIDES) runtime/ring_shared.c
KERNEL_TESTED_cfi := kernel/debug/cfi.c $(wildcard kernel/verifier/*.c)
KERNEL_TEST_FLAGS = -std=gnu23 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -I. -I$(GEN_INCLUDE)

define kernel_test_alone
$(KERNEL_TEST_DIR)/kernel-$(1): tests/unit/kernel/$(1).c $(KERNEL_TESTED_$(1)) $(wildcard kernel/*/*.h runtime/include/bulkhead/*.h tests/unit/kernel/*.h)
	$$(call say,TEST,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(KERNEL_TEST_FLAGS) -Iruntime/include -fsanitize=address,undefined -fno-sanitize-recover=undefined $$(filter %.c,$$^) -lcriterion -lcapstone -o $$@
endef
define kernel_test_with_library
$(KERNEL_TEST_DIR)/kernel-$(1): tests/unit/kernel/$(1).c $(HOSTED)/libkernel.a $(wildcard kernel/*/*.h tests/unit/kernel/*.h)
	$$(call say,TEST,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(KERNEL_TEST_FLAGS) -DBH_KERNEL -Ikernel/platform/hosted -Ikernel/arch/x86_64 -fno-pie -no-pie -fuse-ld=lld $$(filter %.c %.a,$$^) \
		$(HOSTED_LIBRARIES) -lcriterion -o $$@
endef
$(foreach test,$(KERNEL_TESTS),$(eval $(if $(KERNEL_TESTED_$(test)),$(call kernel_test_alone,$(test)),$(call kernel_test_with_library,$(test)))))
UNIT_TESTS += $(KERNEL_TESTS:%=$(KERNEL_TEST_DIR)/kernel-%)
TEST_TARGETS += $(KERNEL_TESTS:%=$(KERNEL_TEST_DIR)/kernel-%)
