# SPDX-License-Identifier: MIT
#
# The fuzz target that runs what the verifier accepts. Only the verifier is instrumented; no address sanitizer, whose shadow lies where
# the slots are, and which would see nothing of code that it did not compile.
EXECUTION := $(BUILD)/fuzz/execution
EXECUTION_SANDBOX := $(filter-out tests/verifier/containment/main.c,$(wildcard tests/verifier/containment/*.[cS]))
EXECUTION_SOURCES := tests/fuzz/execution.c $(wildcard tests/fuzz/execution/*.c) $(EXECUTION_SANDBOX)

$(EXECUTION): $(EXECUTION_SOURCES) $(VERIFIER_SOURCES) $(VERIFIER_HEADERS) $(wildcard tests/fuzz/execution/*.h tests/verifier/containment/*.h) \
		$(EXECUTION)-seeds | $(BUILD)/fuzz/
	$(call say,HOSTCC,$@)
	$(Q)rm -rf $(EXECUTION)-objects && mkdir -p $(EXECUTION)-objects
	$(Q)for f in $(EXECUTION_SOURCES); do $(CC) $(HOST_FLAGS) -c $$f -o $(EXECUTION)-objects/$$(basename $$f).o || exit 1; done
	$(Q)for f in $(VERIFIER_SOURCES); do $(CC) $(HOST_FLAGS) -fsanitize=fuzzer-no-link -c $$f -o $(EXECUTION)-objects/verifier-$$(basename $$f).o || exit 1; done
	$(Q)$(CC) -fsanitize=fuzzer -Wl,-z,now $(EXECUTION)-objects/*.o -lcapstone -o $@

# What to start from: the verifier's attacks and their twins, and mutants that were worth keeping.
$(EXECUTION)-seeds: $(wildcard tests/verifier/attacks/* tests/fuzz/corpus/execution*) tests/fuzz/execution/seeds.py $(TOOLCHAIN) $(DOMAIN_LIB)/libbulkhead.a $(BIN)/bhverify | $(BUILD)/fuzz/corpus-execution/
	$(Q)tests/fuzz/execution/seeds.py $(BUILD) && touch $@

.PHONY: keep-corpus
keep-corpus: $(EXECUTION) ## after make fuzz TARGET=execution: keep in the repository what it found worth keeping
	$(Q)tests/fuzz/execution/seeds.py --keep $(BUILD)

FUZZ_TARGETS += $(EXECUTION)
TEST_TARGETS += $(EXECUTION)
