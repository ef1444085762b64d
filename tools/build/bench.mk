# SPDX-License-Identifier: MIT
#
# Benchmarks: the programs of bench/programs built twice (by bhcc into the domain `confined', by clang -O2 into the benchmark), the C
# halves of the benchmarks (bench/harness/main/NAME.c -> $(BUILD)/bench/NAME) and the system that they run.
include tools/build/third-party.mk
BENCH_DIR := $(BUILD)/bench
BENCH_ARCHIVE := $(BENCH_DIR)/bench.archive
ZLIB := $(THIRD_PARTY)/src/zlib
LZ4 := $(THIRD_PARTY)/src/lz4/lib
BENCH_THIRD_PARTY := $(ZLIB)/.ready $(THIRD_PARTY)/src/lz4/.ready $(THIRD_PARTY)/src/musl/.ready
BENCH_ZLIB := adler32 compress crc32 deflate inffast inflate inftrees trees uncompr zutil
# The C library's part in a program's time is the same source on both sides, so that confinement alone is compared.
BENCH_STRING := strcmp strlen memcmp
BENCH_OBJECTS := $(patsubst bench/programs/%.c,%.o,$(wildcard bench/programs/*.c)) $(BENCH_ZLIB:%=zlib_%.o) lz4.o
BENCH_FLAGS := -O2 -I. -I$(ZLIB) -I$(LZ4) --embed-dir=$(LZ4)

# Folder, compiler, its name in messages, what must be there first.
define bench_variant
$(BENCH_DIR)/$(1)/%.o: bench/programs/%.c bench/programs/programs.h $(4) | $(BENCH_THIRD_PARTY) $(BENCH_DIR)/$(1)/
	$$(call say,$(3),$$< ($(1)))
	$$(Q)$(2) -std=gnu23 -Wall -Wextra -Werror $(BENCH_FLAGS) -c $$< -o $$@
$(BENCH_DIR)/$(1)/zlib_%.o: $(BENCH_THIRD_PARTY) $(4) | $(BENCH_DIR)/$(1)/
	$$(Q)$(2) -w $(BENCH_FLAGS) -c $(ZLIB)/$$*.c -o $$@
$(BENCH_DIR)/$(1)/lz4.o: $(BENCH_THIRD_PARTY) $(4) | $(BENCH_DIR)/$(1)/
	$$(Q)$(2) -w $(BENCH_FLAGS) -c $(LZ4)/lz4.c -o $$@
endef
$(eval $(call bench_variant,confined,$(BIN)/bhcc --both,BHCC,$(BUILD)/domain-lib/libc.a))
$(eval $(call bench_variant,native,$(CC),CC,))

$(BENCH_DIR)/confined/programs.a: $(BENCH_OBJECTS:%=$(BENCH_DIR)/confined/%)
	$(Q)rm -f $@ $(@:.a=-hardened.a) && $(AR) rcs $@ $^ && $(AR) rcs $(@:.a=-hardened.a) $(@D)/*.hardened

# Native: one object in which the memory and string functions are those of the domains' C library, compiled by clang.
$(BENCH_DIR)/native/memory.o: runtime/memory.c | $(BENCH_DIR)/native/
	$(Q)$(CC) -std=gnu23 -O2 -ffreestanding -c $< -o $@
$(BENCH_DIR)/native/string_%.o: $(BENCH_THIRD_PARTY) | $(BENCH_DIR)/native/
	$(Q)$(CC) -std=c99 -O2 -ffreestanding -w -I$(THIRD_PARTY)/src/musl/src/internal -c $(THIRD_PARTY)/src/musl/src/string/$*.c -o $@
$(BENCH_DIR)/native/programs.o: $(addprefix $(BENCH_DIR)/native/,$(BENCH_OBJECTS) memory.o $(BENCH_STRING:%=string_%.o))
	$(Q)$(LD) -r $^ -o $@.new && llvm-objcopy-19 --keep-global-symbol=programs --keep-global-symbol=program_count $@.new $@ && rm $@.new

DOMAIN_LIBRARIES_confined := $(BENCH_DIR)/confined/programs.a
$(BUILD)/domains/confined.elf: $(BENCH_DIR)/confined/programs.a

$(BENCH_DIR)/obj/%.o: bench/harness/%.c $(wildcard bench/harness/*.h bench/programs/*.h) $(OFFSETS) | $(GENERATED_HEADERS)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(HOSTED_FLAGS) -c $< -o $@
BENCH_SHARED := $(patsubst bench/harness/%.c,$(BENCH_DIR)/obj/%.o,$(wildcard bench/harness/*.c))
BENCH_PROGRAMS := $(patsubst bench/harness/main/%.c,$(BENCH_DIR)/%,$(wildcard bench/harness/main/*.c))
# The programs themselves, and their names.
BENCH_EXTRA_confinement := $(BENCH_DIR)/native/programs.o
BENCH_EXTRA_hardened := $(BENCH_DIR)/native/programs.o
$(BENCH_DIR)/confinement $(BENCH_DIR)/hardened: $(BENCH_DIR)/native/programs.o
$(BENCH_PROGRAMS): $(BENCH_DIR)/%: $(BENCH_DIR)/obj/main/%.o $(BENCH_SHARED) $(BUILD)/hosted/libkernel.a
	$(call say,LD,$@)
	$(Q)$(CC) -no-pie -fuse-ld=lld $< $(BENCH_EXTRA_$*) $(BENCH_SHARED) $(BUILD)/hosted/libkernel.a $(HOSTED_LIBRARIES) -o $@

# Counts instructions inside QEMU.
$(BENCH_DIR)/count.so: bench/plugin/count.c | $(BENCH_DIR)/
	$(call say,HOSTCC,$@)
	$(Q)$(CC) $(HOST_FLAGS) -shared -fPIC -fvisibility=hidden $< -o $@

$(BENCH_ARCHIVE): systems/bench.toml $(wildcard tools/mkimage/*.py) $(addprefix $(BUILD)/domains/,shadow-bench_server.elf call-client.elf call-middle.elf call-server.elf confined.elf confined-hardened.elf) | $(BENCH_DIR)/
	$(call say,IMAGE,$@)
	$(Q)tools/mkimage/mkimage.py --build $(BUILD) -o $@ $<

# bench/recovery: a system of its own for each part.
RECOVERY := $(addprefix $(BENCH_DIR)/recovery-,hosted.archive disk.archive process)
$(BENCH_DIR)/recovery-process: bench/recovery/process.c bench/recovery/restart.h | $(BENCH_DIR)/
	$(call say,HOSTCC,$<)
	$(Q)$(CC) $(HOST_FLAGS) -static $< -o $@
$(BENCH_DIR)/recovery-%.archive: bench/recovery/%.toml $(wildcard tools/mkimage/*.py) $(addprefix $(BUILD)/domains/,supervisor.elf patient.elf prober.elf virtio-blk.elf) | $(BENCH_DIR)/
	$(call say,IMAGE,$@)
	$(Q)tools/mkimage/mkimage.py --build $(BUILD) -o $@ $<
BENCH_TARGETS += $(RECOVERY) $(BENCH_DIR)/count.so
TEST_TARGETS += $(RECOVERY) $(BENCH_DIR)/count.so

BENCH_TARGETS += $(BUILD)/domains/call-server-plain.elf
BENCH_TARGETS += $(BENCH_PROGRAMS) $(BENCH_ARCHIVE) $(DOMAIN_IMAGES) $(BUILD)/pc/bulkhead.elf $(BUILD)/guests/exit-cost.elf
-include $(wildcard $(BENCH_DIR)/obj/*.d $(BENCH_DIR)/obj/main/*.d)
BENCH_TARGETS += $(if $(filter boot recovery,$(or $(BENCH),boot)),$(addprefix $(BUILD)/guest/,vmlinuz initrd disk.img))
TEST_TARGETS += $(BENCH_PROGRAMS) $(BENCH_ARCHIVE) $(DOMAIN_IMAGES) $(BUILD)/pc/bulkhead.elf $(BUILD)/guests/exit-cost.elf
TEST_SCRIPTS += tests/system/bench.py tests/bench/compare.py
