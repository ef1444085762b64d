# SPDX-License-Identifier: MIT
#
# Fuzz target of all interfaces between domains: the generated harnesses and servers, the rules of the proxies, the trace decoder.
INTERFACE_FUZZ_FLAGS = $(filter-out -O2,$(HOST_FLAGS)) -I$(GEN_INCLUDE) -I$(GEN)/trace -Iruntime/include $(FUZZ_FLAGS) -fno-sanitize=function
INTERFACE_FUZZ_RULES = $(patsubst %,$(GEN)/kernel/glue_%.c,$(filter-out $(basename $(notdir $(shell grep -l '^kernel interface' $(IDL)))),$(IDL_NAMES)))

$(BUILD)/fuzz/interfaces: tests/fuzz/interfaces.c tests/fuzz/harness.h kernel/domain/values.c kernel/domain/values.h $(wildcard runtime/include/bulkhead/*.h) $(GENERATED_HEADERS) | $(BUILD)/fuzz/corpus-interfaces/
	$(call say,HOSTCC,$@)
	$(Q)rm -rf $@.objects && mkdir -p $@.objects
	$(Q)for f in $(INTERFACE_FUZZ_RULES); do $(CC) $(filter-out -fsanitize%,$(HOSTILE_FLAGS)) -c $$f -o $@.objects/$$(basename $$f).o || exit 1; done
	$(Q)for f in $(GEN)/fuzz/*.c; do n=$$(basename $$f); test $$n = all.c || \
		$(CC) $(INTERFACE_FUZZ_FLAGS) -c $(GEN)/server/$$n -o $@.objects/server-$$n.o || exit 1; \
		$(CC) $(INTERFACE_FUZZ_FLAGS) -c $$f -o $@.objects/$$n.o || exit 1; done
	$(Q)$(CC) $(INTERFACE_FUZZ_FLAGS) tests/fuzz/interfaces.c kernel/domain/values.c $(GEN)/trace/trace.c $@.objects/*.o -o $@

FUZZ_TARGETS += $(BUILD)/fuzz/interfaces
TEST_TARGETS += $(BUILD)/fuzz/interfaces
