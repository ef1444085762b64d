# SPDX-License-Identifier: MIT
#
# The verifier's decoder against LLVM's. A bounded run in `make test`; everything with everything in `make decoders`.
DECODER_TESTS := $(BUILD)/tests/decoders
DECODERS := $(DECODER_TESTS)/decoders
DECODER_SOURCES := $(wildcard tests/decoders/*.c)
DECODER_PARTS := 12
TAILS ?= 2

$(DECODER_TESTS)/second.o: tests/decoders/second.cpp tests/decoders/second.h | $(DECODER_TESTS)/
	$(call say,HOSTCXX,$<)
	$(Q)clang++-19 -std=c++17 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -fno-exceptions -fno-rtti -I. \
		-isystem $$($(LLVM_CONFIG) --includedir) -c $< -o $@

$(DECODERS): $(DECODER_SOURCES) $(DECODER_TESTS)/second.o $(wildcard tests/decoders/*.h tests/decoders/*.def kernel/verifier/* kernel/abi/*)
	$(call say,HOSTCC,$@)
	$(Q)$(CC) $(HOST_FLAGS) $(DECODER_SOURCES) $(filter-out %/report.c,$(VERIFIER_SOURCES)) $(DECODER_TESTS)/second.o -o $@ \
		-lcapstone $$($(LLVM_CONFIG) --ldflags --libs x86disassembler x86desc x86info mc) -lstdc++

UNIT_TESTS += $(DECODERS)
TEST_TARGETS += $(DECODERS)

.PHONY: decoders
decoders: $(DECODERS) ## the verifier's decoder against LLVM's: all encodings, in parts of a minute (TAILS=2 SEED=1)
	$(Q)for part in $$(seq 0 $$(($(DECODER_PARTS) - 1))); do \
		echo "part $$part of $(DECODER_PARTS)"; $(DECODERS) --full --tails $(TAILS) --seed $(SEED) --part $$part/$(DECODER_PARTS) || exit 1; done
