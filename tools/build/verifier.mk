# SPDX-License-Identifier: MIT
#
# The verifier as a host library, $(BUILD)/lib/libbhverify.a (kernel/verifier/verify.h, -lcapstone), and the command bhverify.
VERIFIER_SOURCES := $(wildcard kernel/verifier/*.c)
VERIFIER_HEADERS := $(wildcard kernel/verifier/*.h kernel/verifier/*.def kernel/abi/*)
VERIFIER_OBJECTS := $(patsubst kernel/verifier/%.c,$(BUILD)/lib/verifier/%.o,$(VERIFIER_SOURCES))
VERIFIER_LIBRARY := $(BUILD)/lib/libbhverify.a

$(BUILD)/lib/verifier/%.o: kernel/verifier/%.c $(VERIFIER_HEADERS) | $(BUILD)/lib/verifier/
	$(call say,HOSTCC,$<)
	$(Q)$(CC) $(HOST_FLAGS) -fPIC -c $< -o $@

$(VERIFIER_LIBRARY): $(VERIFIER_OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BIN)/bhverify: tools/bhverify/main.c $(VERIFIER_LIBRARY) | $(BIN)/
	$(call say,HOSTCC,$@)
	$(Q)$(CC) $(HOST_FLAGS) $^ -lcapstone -o $@

ALL_TARGETS += $(VERIFIER_LIBRARY) $(BIN)/bhverify
