# SPDX-License-Identifier: MIT
#
# Tests of the virtio drivers: their queues alone, with a device that the test plays (tests/unit/virtio); and systems of one driver and a domain that uses it,
# in QEMU.
VIRTIO_TESTS := $(patsubst tests/unit/virtio/%.c,$(BUILD)/tests/virtio/virtio-%,$(wildcard tests/unit/virtio/*.c))
$(BUILD)/tests/virtio/virtio-%: tests/unit/virtio/%.c $(wildcard drivers/virtio/*.[ch] runtime/include/bulkhead/*.h) | $(GENERATED_HEADERS)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu23 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -I. -Iruntime/include -Idrivers/virtio -I$(GEN_INCLUDE) -fsanitize=address,undefined \
		-fno-sanitize-recover=undefined $< $(wildcard drivers/virtio/virtqueue*.c) -lcriterion -o $@

UNIT_TESTS += $(VIRTIO_TESTS)
TEST_SCRIPTS += tests/system/net.py tests/system/terminal.py
TEST_TARGETS += $(VIRTIO_TESTS) $(addprefix $(BUILD)/domains/,station.elf parrot.elf virtio-net.elf virtio-console.elf virtio-rng.elf supervisor.elf control.elf) $(BUILD)/pc/bulkhead.elf
