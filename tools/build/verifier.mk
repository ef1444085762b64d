# SPDX-License-Identifier: MIT
#
# The verifier as a host library and the command bhverify.
VERIFIER_SOURCES := $(wildcard kernel/verifier/*.c)
VERIFIER_HEADERS := $(wildcard kernel/verifier/*.h kernel/verifier/*.def kernel/abi/*)

$(BIN)/bhverify: $(VERIFIER_SOURCES) $(VERIFIER_HEADERS) tools/bhverify/main.c | $(BIN)/
	$(call say,HOSTCC,$@)
	$(Q)$(CC) $(HOST_FLAGS) $(VERIFIER_SOURCES) tools/bhverify/main.c -lcapstone -o $@

ALL_TARGETS += $(BIN)/bhverify
