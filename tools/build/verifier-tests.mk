# SPDX-License-Identifier: MIT
#
# Tests of the verifier (attacks, containment of what it accepts, a fuzz target) and of the domain toolchain.
VERIFIER_TESTS := $(BUILD)/tests/verifier
CONTAINMENT := $(VERIFIER_TESTS)/verifier-containment
CONTAINMENT_SOURCES := $(wildcard tests/verifier/containment/*.[cS])

$(CONTAINMENT): $(CONTAINMENT_SOURCES) $(wildcard tests/verifier/containment/*.h) $(wildcard kernel/verifier/* kernel/abi/*) | $(VERIFIER_TESTS)/
	$(call say,HOSTCC,$@)
	$(Q)$(CC) $(HOST_FLAGS) $(CONTAINMENT_SOURCES) $(VERIFIER_SOURCES) -lcapstone -o $@

UNIT_TESTS += $(CONTAINMENT)
TEST_SCRIPTS += tests/verifier/attacks.py tests/toolchain/toolchain.py
TEST_TARGETS += $(CONTAINMENT) $(BIN)/bhverify $(TOOLCHAIN) $(DOMAIN_LIB)/libbulkhead.a $(BUILD)/hosted/bulkhead
