# SPDX-License-Identifier: MIT
#
# Tests of the virtio drivers: parts of them alone, with devices that the test plays (tests/unit/virtio); and systems of one driver and a domain that uses it, in
# QEMU.
VIRTIO_TESTS := $(patsubst tests/unit/virtio/%.c,%,$(wildcard tests/unit/virtio/*.c))
VIRTIO_TESTED_virtqueue := $(wildcard drivers/virtio/virtqueue*.c)
VIRTIO_TESTED_blk := $(VIRTIO_TESTED_virtqueue) drivers/virtio/blk/request.c drivers/virtio/blk/check.c
VIRTIO_TESTED_net := drivers/virtio/net/receive.c drivers/virtio/net/transmit.c
VIRTIO_TESTED_inlet := drivers/virtio/inlet.c runtime/typed.c
VIRTIO_TESTED_console := drivers/virtio/console/main.c $(VIRTIO_TESTED_inlet)
VIRTIO_TESTED_rng := drivers/virtio/rng/main.c drivers/virtio/inlet.c
define VIRTIO_TEST
$(BUILD)/tests/virtio/virtio-$(1): tests/unit/virtio/$(1).c $(VIRTIO_TESTED_$(1)) $(wildcard drivers/virtio/*.h drivers/virtio/*/*.h tests/unit/virtio/*.h runtime/include/bulkhead/*.h) | $(GENERATED_HEADERS)
	$$(call say,TEST,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) -std=gnu23 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -I. -Iruntime/include -Idrivers/virtio -I$(GEN_INCLUDE) -Dmain=driver_main \
		-fsanitize=address,undefined -fno-sanitize-recover=undefined $$(filter %.c,$$^) -lcriterion -o $$@
endef
$(foreach test,$(VIRTIO_TESTS),$(eval $(call VIRTIO_TEST,$(test))))

UNIT_TESTS += $(VIRTIO_TESTS:%=$(BUILD)/tests/virtio/virtio-%)
TEST_SCRIPTS += tests/system/net.py tests/system/terminal.py
TEST_TARGETS += $(VIRTIO_TESTS:%=$(BUILD)/tests/virtio/virtio-%) $(addprefix $(BUILD)/domains/,station.elf parrot.elf virtio-net.elf virtio-console.elf virtio-rng.elf supervisor.elf control.elf) $(BUILD)/pc/bulkhead.elf
