# SPDX-License-Identifier: MIT
#
# The workloads of bench/workloads, everything with -O2 and the same defines, by four ways: clang, gcc, bhcc, and wasm: clang to WebAssembly with
# wasi-libc, wasm2c to C, clang to an object, with memory accesses that are checked by guard pages. Built for `make bench` only.
WORKLOADS := $(BUILD)/workloads
WORKLOAD_SOURCES := $(THIRD_PARTY)/src
WORKLOAD_PACKAGES := zlib lz4 libzstd bzip2 lua5.4 musl
SQLITE_MADE := $(THIRD_PARTY)/built/sqlite
WORKLOAD_FIRST := $(WORKLOAD_PACKAGES:%=$(WORKLOAD_SOURCES)/%/.ready) $(THIRD_PARTY)/built/lua/.prepared $(SQLITE_MADE)/.prepared
WORKLOAD_OWN := arena compress lua sqlite table
WORKLOAD_LIBRARY := $(addprefix zlib/,adler32 crc32 deflate inffast inflate inftrees trees zutil) lz4/lib/lz4 \
  $(addprefix libzstd/lib/common/,debug entropy_common error_private fse_decompress pool threading xxhash zstd_common) \
  $(addprefix libzstd/lib/compress/,fse_compress hist huf_compress zstd_compress zstd_compress_literals zstd_compress_sequences zstd_compress_superblock zstd_double_fast zstd_fast zstd_lazy zstd_ldm zstd_opt) \
  $(addprefix libzstd/lib/decompress/,huf_decompress zstd_ddict zstd_decompress zstd_decompress_block) \
  $(addprefix bzip2/,blocksort huffman crctable randtable compress decompress bzlib) \
  $(addprefix lua5.4/src/,lapi lcode lctype ldebug ldo ldump lfunc lgc llex lmem lobject lopcodes lparser lstate lstring ltable ltm lundump lvm lzio lauxlib lbaselib ltablib lstrlib lmathlib)
WORKLOAD_FLAGS := -O2 -I. -Ibench/workloads $(addprefix -I$(WORKLOAD_SOURCES)/,zlib lz4/lib libzstd/lib bzip2 lua5.4/src) \
  -I$(THIRD_PARTY)/built/lua/src -I$(SQLITE_MADE)
# zstd without its assembly and its choice by processor, bzip2 without files, SQLite without an operating system below it; Lua's errors end the
# program, since WebAssembly has no setjmp here, and it is not seeded by the time.
WORKLOAD_FLAGS += -DZSTD_DISABLE_ASM=1 -DZSTD_TRACE=0 -DDYNAMIC_BMI2=0 -DXXH_NAMESPACE=ZSTD_ -DBZ_NO_STDIO '-DLUAI_THROW(L,c)=__builtin_trap()' '-DLUAI_TRY(L,c,a)={a}' \
  -Dluai_jmpbuf=int -Dl_signalT=int '-Dl_randomizePivot()=0u' '-Dluai_makeseed(L)=42u' -DSQLITE_OS_OTHER=1 -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OMIT_WAL -DSQLITE_MAX_MMAP_SIZE=0 \
  -DSQLITE_TEMP_STORE=3 -DSQLITE_ENABLE_MEMSYS5 -DSQLITE_OMIT_LOCALTIME -DSQLITE_OMIT_DATETIME_FUNCS
# The memory and string functions that matter are the domains' own on this machine too, so that no C library is compared.
WORKLOAD_STRING := strcmp strlen memcmp memchr strspn strncmp
WORKLOAD_OBJECTS := $(WORKLOAD_OWN:%=own/%.o) $(WORKLOAD_LIBRARY:%=library/%.o) sqlite3.o sample.o

# Functions that SQLite calls through a pointer of another type.
SQLITE_FLAGS_bhcc = $(shell . domains/sqlite/port.sh && echo $$confined)

# Kind, compiler, the compiler for the sample's bytes (gcc 12 has no #embed), what must be there first.
define workload_kind
$(WORKLOADS)/$(1)/own/%.o: bench/workloads/%.c bench/workloads/workloads.h bench/programs/programs.h $(4) | $(WORKLOAD_FIRST)
	$$(call say,$(1),$$<)
	$$(Q)mkdir -p $$(@D) && $(2) -std=gnu2x -Wall -Wextra -Werror $(WORKLOAD_FLAGS) -c $$< -o $$@
$(WORKLOADS)/$(1)/library/%.o: $(4) | $(WORKLOAD_FIRST)
	$$(call say,$(1),$$*)
	$$(Q)mkdir -p $$(@D) && $(2) -w $(WORKLOAD_FLAGS) -c $(WORKLOAD_SOURCES)/$$*.c -o $$@
$(WORKLOADS)/$(1)/sqlite3.o: $(SQLITE_MADE)/.prepared $(4)
	$$(call say,$(1),sqlite3)
	$$(Q)mkdir -p $$(@D) && $(2) $$(SQLITE_FLAGS_$(1)) -w $(WORKLOAD_FLAGS) -c $(SQLITE_MADE)/sqlite3.c -o $$@
$(WORKLOADS)/$(1)/sample.o: bench/workloads/sample.c $(4) | $(WORKLOAD_FIRST)
	$$(Q)mkdir -p $$(@D) && $(3) -O2 -std=gnu2x --embed-dir=$(WORKLOAD_SOURCES)/lz4/lib -c $$< -o $$@
endef
WASM_CLANG := $(CC) --target=wasm32-wasi --sysroot=/usr -Ibench/workloads/wasm -isystem /usr/include/wasm32-wasi
$(eval $(call workload_kind,clang,$(CC),$(CC),))
$(eval $(call workload_kind,gcc,gcc,$(CC),))
$(eval $(call workload_kind,bhcc,$(BIN)/bhcc,$(BIN)/bhcc,$(BUILD)/domain-lib/libc.a))
$(eval $(call workload_kind,wasm,$(WASM_CLANG),$(WASM_CLANG),))

# One object of each kind for this machine, with one symbol to call it by.
define workload_native
$(WORKLOADS)/$(1)/memory.o: runtime/memory.c
	$$(Q)mkdir -p $$(@D) && $(2) -std=gnu2x -O2 -ffreestanding -w -c $$< -o $$@
$(WORKLOADS)/$(1)/string/%.o: | $(WORKLOAD_FIRST)
	$$(Q)mkdir -p $$(@D) && $(2) -std=gnu99 -O2 -ffreestanding -w -I$(WORKLOAD_SOURCES)/musl/src/internal -c $(WORKLOAD_SOURCES)/musl/src/string/$$*.c -o $$@
$(WORKLOADS)/$(1).o: $(addprefix $(WORKLOADS)/$(1)/,$(WORKLOAD_OBJECTS) memory.o $(WORKLOAD_STRING:%=string/%.o))
	$$(Q)$(LD) -r $$^ -o $$@.new && llvm-objcopy-19 --redefine-sym programs=$(1)_programs --redefine-sym program_count=$(1)_program_count --keep-global-symbol=programs --keep-global-symbol=program_count $$@.new $$@ && rm $$@.new
endef
$(eval $(call workload_native,clang,$(CC)))
$(eval $(call workload_native,gcc,gcc))

$(WORKLOADS)/workloads.wasm: $(addprefix $(WORKLOADS)/wasm/,$(WORKLOAD_OBJECTS) own/exports.o)
	$(call say,LD,$@)
	$(Q)$(WASM_CLANG) -mexec-model=reactor -Wl,-z,stack-size=1048576 $^ -o $@
$(WORKLOADS)/wasm.c: $(WORKLOADS)/workloads.wasm
	$(call say,WASM2C,$@)
	$(Q)cd $(WORKLOADS) && wasm2c -n workloads workloads.wasm -o wasm.c
$(WORKLOADS)/wasm.o: $(WORKLOADS)/wasm.c
	$(call say,CC,$< (wasm2c))
	$(Q)$(CC) -O2 -w -I/usr/include -c $< -o $@
$(WORKLOADS)/wasm-runtime.o: /usr/share/wabt/wasm2c/wasm-rt-impl.c | $(WORKLOADS)/
	$(Q)$(CC) -O2 -w -c $< -o $@

$(WORKLOADS)/bhcc/workloads.a: $(addprefix $(WORKLOADS)/bhcc/,$(WORKLOAD_OBJECTS))
	$(Q)rm -f $@ && $(AR) rcs $@ $^
$(WORKLOADS)/workloads.elf: $(BUILD)/domains/obj/bench/domains/confined/main.c.o $(WORKLOADS)/bhcc/workloads.a $(DOMAIN_LIB)/libbulkhead.a $(BIN)/bhverify
	$(call say,DOMAIN,workloads)
	$(Q)$(BIN)/bhcc -g $(filter %.o,$^) $(WORKLOADS)/bhcc/workloads.a -o $@
$(WORKLOADS)/workloads.archive: bench/workloads/workloads.toml $(WORKLOADS)/workloads.elf $(wildcard tools/mkimage/*.py)
	$(call say,IMAGE,$@)
	$(Q)tools/mkimage/mkimage.py --build $(BUILD) -o $@ $<

$(WORKLOADS)/measure.o: bench/workloads/measure.c bench/workloads/module.h $(OFFSETS) | $(GENERATED_HEADERS)
	$(Q)mkdir -p $(@D) && $(CC) $(HOSTED_FLAGS) -c $< -o $@
$(WORKLOADS)/host.o: bench/workloads/host.c $(WORKLOADS)/wasm.c
	$(Q)$(CC) -std=gnu23 -O2 -Wall -Wextra -I$(WORKLOADS) -I. -c $< -o $@
$(BENCH_DIR)/workloads: $(addprefix $(WORKLOADS)/,measure.o host.o clang.o gcc.o wasm.o wasm-runtime.o) $(BENCH_SHARED) $(BUILD)/hosted/libkernel.a
	$(call say,LD,$@)
	$(Q)$(CC) -no-pie -fuse-ld=lld $^ $(HOSTED_LIBRARIES) -lm -o $@

ifneq ($(filter workloads,$(or $(BENCH),workloads)),)
WORKLOAD_TARGETS := $(BENCH_DIR)/workloads $(WORKLOADS)/workloads.archive
bench: $(WORKLOAD_TARGETS)
endif
