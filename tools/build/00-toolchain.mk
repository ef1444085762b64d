# SPDX-License-Identifier: MIT
#
# The domain toolchain: host programs bhlower, bhsfi, bhcc.
BIN := $(BUILD)/bin
TOOLCHAIN := $(BIN)/bhcc $(BIN)/bhlower $(BIN)/bhsfi
HOST_FLAGS := -std=gnu23 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -I. -I$(BUILD)/gen/include
LLVM_CONFIG := llvm-config-19

$(BIN)/bhcc $(BIN)/bhsfi: $(BIN)/%: $(wildcard codegen/bhcc/*.[ch] codegen/bhsfi/*.[ch]) | $(BIN)/
	$(call say,HOSTCC,$@)
	$(Q)$(CC) $(HOST_FLAGS) $(wildcard codegen/$*/*.c) -o $@

$(BIN)/bhlower: $(wildcard codegen/bhlower/*.[ch]) | $(BIN)/
	$(call say,HOSTCC,$@)
	$(Q)$(CC) $(HOST_FLAGS) -I$$($(LLVM_CONFIG) --includedir) $(wildcard codegen/bhlower/*.c) -o $@ \
		$$($(LLVM_CONFIG) --ldflags --libs core bitreader bitwriter analysis target)

%/:
	$(Q)mkdir -p $@

ALL_TARGETS += $(TOOLCHAIN)
.PRECIOUS: %/
