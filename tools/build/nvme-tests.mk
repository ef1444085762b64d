# SPDX-License-Identifier: MIT
#
# The NVMe driver on the host: tests/unit/nvme/NAME.c with all of drivers/nvme, what block drivers share, and a make-believe controller, below 4 GiB as a domain's
# addresses are; and block drivers in QEMU.
NVME_TEST_DIR := $(BUILD)/tests/nvme
NVME_TESTS := $(patsubst tests/unit/nvme/%.c,%,$(filter-out %/fixture.c,$(wildcard tests/unit/nvme/*.c)))
NVME_TESTED := $(wildcard drivers/nvme/*.c) $(addprefix runtime/,block_server.c block_patience.c device.c settings.c)
NVME_TEST_FLAGS = -std=gnu23 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -I. -Iruntime/include -I$(GEN_INCLUDE) \
	-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-pie

$(NVME_TEST_DIR)/nvme-%: tests/unit/nvme/%.c tests/unit/nvme/fixture.c $(NVME_TESTED) $(wildcard drivers/nvme/*.h tests/unit/nvme/*.h runtime/*.h runtime/include/bulkhead/*.h) | $(GENERATED_HEADERS)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(NVME_TEST_FLAGS) -Dmain=nvme_main -c drivers/nvme/main.c -o $@-main.o
	$(Q)$(CC) $(NVME_TEST_FLAGS) -no-pie $(filter-out drivers/nvme/main.c,$(filter %.c,$^)) $@-main.o -lcriterion -o $@

UNIT_TESTS += $(NVME_TESTS:%=$(NVME_TEST_DIR)/nvme-%)
TEST_TARGETS += $(NVME_TESTS:%=$(NVME_TEST_DIR)/nvme-%)
TEST_SCRIPTS += tests/system/disk.py tests/system/pci.py
TEST_TARGETS += $(addprefix $(BUILD)/domains/,nvme.elf virtio-blk.elf scribe.elf supervisor.elf pci.elf poacher.elf)
