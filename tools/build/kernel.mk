# SPDX-License-Identifier: MIT
#
# The kernel for bare metal, $(BUILD)/pc/bulkhead.elf, a bootable ISO of it, and a test kernel that exercises the platform alone.
# Sources by wildcard; generated proxies and headers come from idl.mk.
include tools/build/third-party.mk
PC := $(BUILD)/pc
PC_KERNEL := $(PC)/bulkhead.elf

# Kernel code keeps to the general registers; libraries may use SSE, since traps save it.
PC_FLAGS := --target=x86_64-linux-gnu -std=gnu23 -D_GNU_SOURCE -DBH_KERNEL -O2 -g -Wall -Wextra -Werror -nostdlibinc -I. -Ikernel/platform/pc -Ikernel/arch/x86_64 -I$(GEN_INCLUDE) \
	-isystem $(THIRD_PARTY)/kernel/include -fno-pic -fno-pie -mno-red-zone -mgeneral-regs-only -fno-stack-protector \
	-fomit-frame-pointer -fasynchronous-unwind-tables -fcf-protection=none -fno-strict-aliasing -fno-builtin-printf \
	-ffunction-sections -fdata-sections
PC_LINK := -nostdlib -static --no-pie -z noexecstack -z max-page-size=4096 --gc-sections --eh-frame-hdr --build-id=none

PC_SOURCES := $(filter-out kernel/platform/hosted/% kernel/arch/x86_64/offsets.c, \
	$(wildcard kernel/*.[cS] kernel/*/*.[cS] kernel/*/*/*.[cS]))
PC_OBJECTS = $(patsubst %,$(PC)/obj/%.o,$(PC_SOURCES)) $(patsubst $(BUILD)/%,$(PC)/obj/%.o,$(PC_GENERATED))

# What the platform needs to run without the rest of the kernel.
PC_TEST := $(PC)/platform-test.elf
PC_TEST_SOURCES := $(filter kernel/platform/pc/% kernel/arch/x86_64/guarded.S kernel/mm/frames.c kernel/mm/space.c kernel/debug/log.c kernel/debug/unwind.c, \
	$(PC_SOURCES)) $(wildcard tests/system/platform/*.c)
PC_TEST_OBJECTS := $(patsubst %,$(PC)/obj/%.o,$(PC_TEST_SOURCES))

# Structure offsets for assembly: the compiler says them, sed makes them #defines.
$(OFFSETS): kernel/arch/x86_64/offsets.c $(wildcard kernel/abi/*.h kernel/sched/thread.h kernel/sched/cpu.h kernel/domain/*.h kernel/platform/platform.h)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu23 -I. -fno-integrated-as -S -o - $< | sed -n 's/^.*@@ \([^ ]*\) \$$*\(-*[0-9]*\).*/#define \1 \2/p' > $@.new
	$(Q)test -s $@.new && mv $@.new $@

$(PC)/obj/%.c.o: %.c $(OFFSETS) | $(KERNEL_LIBRARIES) $(GENERATED_HEADERS)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(PC_FLAGS) -MMD -MP -c $< -o $@

$(PC)/obj/%.S.o: %.S $(OFFSETS) | $(GENERATED_HEADERS)
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(PC_FLAGS) -MMD -MP -c $< -o $@

$(PC)/obj/gen/%.o: $(BUILD)/gen/% $(OFFSETS) | $(KERNEL_LIBRARIES) $(GENERATED_HEADERS)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(PC_FLAGS) -MMD -MP -c $< -o $@

PC_LIBRARIES := --start-group $(KERNEL_LIBRARIES) $(THIRD_PARTY)/kernel/lib/libunwind.a --end-group

$(PC_KERNEL): $(PC_OBJECTS) kernel/platform/pc/kernel.ld $(KERNEL_LIBRARIES)
	$(call say,LD,$@)
	$(Q)$(LD) $(PC_LINK) -T kernel/platform/pc/kernel.ld $(PC_OBJECTS) $(PC_LIBRARIES) -o $@

$(PC_TEST): $(PC_TEST_OBJECTS) kernel/platform/pc/kernel.ld $(KERNEL_LIBRARIES)
	$(call say,LD,$@)
	$(Q)$(LD) $(PC_LINK) -T kernel/platform/pc/kernel.ld $(PC_TEST_OBJECTS) $(PC_LIBRARIES) -o $@

# A GRUB ISO of any kernel: NAME.iso from NAME.elf, with the boot archive NAME.archive beside it if there is one.
$(PC)/%.iso: $(PC)/%.elf tools/make-iso.sh
	$(call say,ISO,$@)
	$(Q)tools/make-iso.sh $< $@ $(wildcard $(PC)/$*.archive)

-include $(wildcard $(PC)/obj/*/*.d $(PC)/obj/*/*/*.d $(PC)/obj/*/*/*/*.d $(PC)/obj/*/*/*/*/*.d)
.PHONY: kernel iso
kernel: $(PC_KERNEL)
iso: $(PC)/bulkhead.iso
TEST_TARGETS += $(PC_TEST) $(PC)/platform-test.iso
TEST_SCRIPTS += tests/system/boot.py
