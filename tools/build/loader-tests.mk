# SPDX-License-Identifier: MIT
#
# Fuzz targets of what the kernel does with a whole image besides verifying its code: the loader, and the backtrace of a domain that died.
include tools/build/third-party.mk
HOSTILE_FLAGS = $(filter-out -O2,$(HOST_FLAGS)) -DBH_KERNEL -I$(GEN_INCLUDE) -Ikernel/platform/hosted -Ikernel/arch/x86_64 $(FUZZ_FLAGS)

# libunwind with the sanitizer and coverage, from the sources that the kernel's own was configured in; UB in its shifts is its own business.
UNWIND_SOURCE := $(THIRD_PARTY)/built/libunwind
$(BUILD)/fuzz/libunwind.a: $(KERNEL_LIBUNWIND) | $(BUILD)/fuzz/
	$(call say,HOSTCC,$@)
	$(Q)rm -rf $@ $(BUILD)/fuzz/libunwind && mkdir -p $(BUILD)/fuzz/libunwind
	$(Q)cd $(UNWIND_SOURCE)/src && ls mi/G*.c mi/init.c mi/flush_cache.c mi/mempool.c mi/strerror.c dwarf/G*.c dwarf/global.c x86_64/G*.c \
		x86_64/is_fpreg.c x86_64/regname.c x86_64/setcontext.S os-linux.c elf64.c | grep -v -e freebsd -e solaris | \
		xargs -P2 -I{} sh -c '$(CC) -w -g -O1 -fsanitize=address,fuzzer-no-link -DHAVE_CONFIG_H -D_GNU_SOURCE -I../include -I../include/tdep -I. \
		-c {} -o $(abspath $(BUILD))/fuzz/libunwind/$$(echo {} | tr / -).o'
	$(Q)$(AR) rcs $@ $(BUILD)/fuzz/libunwind/*.o

UNWIND_TESTED := kernel/debug/backtrace.c kernel/debug/cfi.c kernel/debug/unwind.c
$(BUILD)/fuzz/unwind: tests/fuzz/unwind.c $(UNWIND_TESTED) $(wildcard kernel/verifier/*.c) $(BUILD)/fuzz/libunwind.a $(wildcard kernel/*/*.h) | $(BUILD)/fuzz/corpus-unwind/ $(GENERATED_HEADERS)
	$(call say,HOSTCC,$@)
	$(Q)$(CC) $(HOSTILE_FLAGS) $(filter %.c %.a,$^) -lcapstone -o $@

FUZZ_TARGETS += $(BUILD)/fuzz/unwind
TEST_TARGETS += $(BUILD)/fuzz/unwind

# The loader, with the kernel's files as they are: each gets state.h in front, so that its variables can be put back between inputs.
LOADER_TESTED := $(wildcard kernel/verifier/*.c) kernel/domain/archive.c kernel/domain/caps.c kernel/domain/domain.c kernel/domain/loader.c kernel/domain/mechanism.c kernel/domain/ports.c \
	kernel/exchange/buffers.c kernel/exchange/rings.c kernel/mm/frames.c kernel/mm/space.c
$(BUILD)/fuzz/loader.a: $(LOADER_TESTED) tests/fuzz/loader/state.h $(wildcard kernel/*/*.h kernel/*/*.def) | $(BUILD)/fuzz/ $(GENERATED_HEADERS)
	$(call say,HOSTCC,$@)
	$(Q)rm -rf $@ $(BUILD)/fuzz/loader-objects && mkdir -p $(BUILD)/fuzz/loader-objects
	$(Q)printf '%s\n' $(LOADER_TESTED) | xargs -P2 -I{} sh -c '$(CC) $(filter-out -fsanitize=fuzzer%,$(HOSTILE_FLAGS)) \
		-fsanitize=fuzzer-no-link,address,undefined -include tests/fuzz/loader/state.h -c {} -o $(BUILD)/fuzz/loader-objects/$$(echo {} | tr / -).o'
	$(Q)$(AR) rcs $@ $(BUILD)/fuzz/loader-objects/*.o

$(BUILD)/fuzz/loader: tests/fuzz/loader.c $(wildcard tests/fuzz/loader/*.c) $(BUILD)/fuzz/loader.a tests/fuzz/loader/world.h | $(BUILD)/fuzz/corpus-loader/
	$(call say,HOSTCC,$@)
	$(Q)$(CC) $(HOSTILE_FLAGS) $(filter %.c %.a,$^) -lcapstone -o $@
	$(Q)truncate -s 40960 $(BUILD)/fuzz/corpus-loader/long # libFuzzer makes nothing longer than what it starts from

FUZZ_TARGETS += $(BUILD)/fuzz/loader
TEST_TARGETS += $(BUILD)/fuzz/loader
