# SPDX-License-Identifier: MIT
#
# The interface compiler, and what it makes of idl/*.bidl (and of the interfaces of tests and benchmarks) below $(BUILD)/gen: headers, clients, servers,
# proxies, type labels, reference pages.
GEN := $(BUILD)/gen
GEN_INCLUDE := $(GEN)/include
OFFSETS := $(GEN_INCLUDE)/offsets.h
IDL := $(sort $(wildcard idl/*.bidl bench/idl/*.bidl tests/interfaces/*.bidl))
IDL_NAMES := $(basename $(notdir $(IDL)))
BHIDL := $(BIN)/bhidl
GENERATED_HEADERS := $(GEN)/.done
PC_GENERATED = $(IDL_NAMES:%=$(GEN)/kernel/proxy_%.S) $(IDL_NAMES:%=$(GEN)/kernel/glue_%.c) $(GEN)/kernel/interfaces.c

$(BHIDL): $(wildcard codegen/bhidl/*) kernel/abi/slot.h kernel/abi/image.h | $(BIN)/ $(GEN)/bhidl/
	$(call say,HOSTCC,$@)
	$(Q)bison -d -o $(GEN)/bhidl/parser.c codegen/bhidl/parser.y && flex -o $(GEN)/bhidl/lexer.c codegen/bhidl/lexer.l
	$(Q)$(CC) $(HOST_FLAGS) -Wno-unused-function -Wno-unused-but-set-variable -I$(GEN)/bhidl codegen/bhidl/*.c $(GEN)/bhidl/*.c -o $@

$(GENERATED_HEADERS): $(BHIDL) $(IDL) codegen/bhidl/labels.sh codegen/bhidl/client.py
	$(call say,BHIDL,$(IDL))
	$(Q)rm -rf $(GEN)/client $(GEN)/server $(GEN)/kernel $(GEN)/fuzz $(GEN)/python $(GEN)/interpose && $(BHIDL) --out $(GEN) $(IDL)
	$(Q)cp codegen/bhidl/client.py $(GEN)/python/bulkhead/ && codegen/bhidl/labels.sh $(GEN) && touch $@

$(PC_GENERATED): $(GENERATED_HEADERS) ;
# Dependency files name the headers one by one: what includes them waits for them, too.
$(GEN_INCLUDE)/%.h: $(GENERATED_HEADERS) ;
ALL_TARGETS += $(BHIDL) $(GENERATED_HEADERS)
