# SPDX-License-Identifier: MIT
#
# The kernel as a Linux process, $(BUILD)/hosted/bulkhead, and as a library for tests and benchmarks.
HOSTED := $(BUILD)/hosted
HOSTED_KERNEL := $(HOSTED)/bulkhead
HOSTED_FLAGS := -std=gnu23 -D_GNU_SOURCE -DBH_KERNEL -O2 -g -Wall -Wextra -Werror -I. -I$(GEN_INCLUDE) -Ikernel/platform/hosted -Ikernel/arch/x86_64 \
	-fno-stack-protector -fomit-frame-pointer -fno-pic -fno-pie -mno-red-zone -fasynchronous-unwind-tables -fcf-protection=none -MMD -MP
# The processes of domains (docs/mechanisms.md): a program of its own inside the kernel's.
HOSTED_CHILD := $(HOSTED)/child.elf
HOSTED_FLAGS += -Wa,-I$(HOSTED)
HOSTED_LIBRARIES := -lcapstone -l:libunwind-x86_64.a -l:libunwind.a -llzma
HOSTED_SOURCES := $(filter-out kernel/platform/pc/% kernel/virt/% kernel/arch/x86_64/offsets.c, \
	$(wildcard kernel/*.[cS] kernel/*/*.[cS] kernel/*/*/*.[cS]))
HOSTED_OBJECTS = $(patsubst %,$(HOSTED)/obj/%.o,$(HOSTED_SOURCES)) $(patsubst $(BUILD)/%,$(HOSTED)/obj/%.o,$(PC_GENERATED))
HOSTED_LIBRARY_OBJECTS = $(filter-out %/platform/hosted/main.c.o,$(HOSTED_OBJECTS))

$(HOSTED)/obj/%.o: % $(OFFSETS) | $(GENERATED_HEADERS)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(HOSTED_FLAGS) -c $< -o $@

$(HOSTED)/obj/gen/%.o: $(BUILD)/gen/% $(OFFSETS) | $(GENERATED_HEADERS)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(HOSTED_FLAGS) -c $< -o $@

$(HOSTED_CHILD): $(wildcard kernel/platform/hosted/child/*) kernel/platform/hosted/process.h kernel/abi/slot.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -M%,$(HOSTED_FLAGS)) -ffreestanding -mno-sse -fno-builtin -nostdlib -static -fuse-ld=lld -Wl,--build-id=none $(filter %.c %.S,$^) -o $@
$(HOSTED)/obj/kernel/platform/hosted/process.S.o: $(HOSTED_CHILD)

$(HOSTED_KERNEL): $(HOSTED_OBJECTS)
	$(call say,LD,$@)
	$(Q)$(CC) -no-pie -fuse-ld=lld $^ $(HOSTED_LIBRARIES) -o $@

$(HOSTED)/libkernel.a: $(HOSTED_LIBRARY_OBJECTS)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

-include $(wildcard $(HOSTED)/obj/*/*.d $(HOSTED)/obj/*/*/*.d $(HOSTED)/obj/*/*/*/*.d $(HOSTED)/obj/*/*/*/*/*.d)
ALL_TARGETS += $(HOSTED_KERNEL)

# A system as a Linux process: its manifest packed, then run.
.PHONY: hosted
hosted: $(HOSTED_KERNEL) $(DOMAIN_IMAGES) ## run a system without guests and devices as a Linux process (SYSTEM=hello)
	$(Q)tools/mkimage/mkimage.py --build $(BUILD) -o $(HOSTED)/$(SYSTEM).archive systems/$(SYSTEM).toml
	$(Q)$(HOSTED_KERNEL) $(HOSTED)/$(SYSTEM).archive
