# SPDX-License-Identifier: MIT
#
# Tests of the verifier (attacks, containment of what it accepts, a fuzz target) and of the domain toolchain.
VERIFIER_TESTS := $(BUILD)/tests/verifier
CONTAINMENT := $(VERIFIER_TESTS)/verifier-containment
CONTAINMENT_SOURCES := $(wildcard tests/verifier/containment/*.[cS])

$(CONTAINMENT): $(CONTAINMENT_SOURCES) $(BUILD)/lib/libbhverify.a $(wildcard tests/verifier/containment/*.h) | $(VERIFIER_TESTS)/
	$(call say,HOSTCC,$@)
	$(Q)$(CC) $(HOST_FLAGS) $(filter-out %.h,$^) -lcapstone -o $@

UNIT_TESTS += $(CONTAINMENT)
TEST_SCRIPTS += tests/verifier/attacks.py tests/verifier/mutants.py tests/toolchain/toolchain.py tests/toolchain/porting.py tests/toolchain/makefile.py
TEST_TARGETS += $(CONTAINMENT) $(BIN)/bhverify $(TOOLCHAIN) $(DOMAIN_LIB)/libbulkhead.a $(BUILD)/hosted/bulkhead

.PHONY: mutants
mutants: $(BIN)/bhverify $(TOOLCHAIN) $(DOMAIN_LIB)/libbulkhead.a ## seed bugs into copies of the verifier: the attacks must notice each (MUTANT=part of a name)
	$(Q)MUTANT='$(MUTANT)' INPUTS='$(INPUTS)' tests/verifier/mutants.py --build $(BUILD)

# The fuzz target, and a corpus to start from: the images of the attacks, where they have been built.
FUZZ_FLAGS := -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
$(BUILD)/fuzz/verifier: tests/fuzz/verifier.c tests/verifier/containment/builder.c $(wildcard kernel/verifier/* kernel/abi/*) | $(BUILD)/fuzz/corpus-verifier/
	$(call say,HOSTCC,$@)
	$(Q)$(CC) $(filter-out -O2,$(HOST_FLAGS)) $(FUZZ_FLAGS) $(filter %.c,$^) -lcapstone -o $@
	$(Q)for f in $(VERIFIER_TESTS)/*.ok.elf; do if [ -f $$f ]; then { printf '\0'; cat $$f; } > $(BUILD)/fuzz/corpus-verifier/$$(basename $$f); fi; done

FUZZ_TARGETS += $(BUILD)/fuzz/verifier
TEST_TARGETS += $(BUILD)/fuzz/verifier
TEST_SCRIPTS += tests/fuzz/fuzz.py
