# SPDX-License-Identifier: MIT
#
# Shadows: an image for each interface between domains, $(BUILD)/domains/shadow-NAME.elf, of what bhidl makes of the interface and domains/shadow.
SHADOW_NAMES := $(shell sed -n 's/^interface *\([A-Za-z0-9_]*\).*/\1/p' $(IDL) | sed 's/\([a-z0-9]\)\([A-Z]\)/\1_\2/g' | tr A-Z a-z)
SHADOW_SOURCES := $(filter-out %/main.c,$(wildcard domains/shadow/*.c))
SHADOW_OBJECTS := $(SHADOW_SOURCES:%=$(BUILD)/domains/obj/%.o)
SHADOW_IMAGES := $(SHADOW_NAMES:%=$(BUILD)/domains/shadow-%.elf)

$(SHADOW_NAMES:%=$(GEN)/interpose/%.c): $(GENERATED_HEADERS) ;

$(BUILD)/domains/obj/shadow-%.o: $(GEN)/interpose/%.c domains/shadow/pass.h runtime/include/bulkhead/call_table.h $(DOMAIN_LIBC) | $(GENERATED_HEADERS)
	$(call say,BHCC,$<)
	$(Q)mkdir -p $(@D) && $(BHCC) $(filter-out -MMD,$(DOMAIN_FLAGS)) -I$(GEN)/trace -c $< -o $@

$(SHADOW_IMAGES): $(BUILD)/domains/shadow-%.elf: $(BUILD)/domains/obj/shadow-%.o $(SHADOW_OBJECTS) $(DOMAIN_LIB)/libbulkhead.a $(BIN)/bhverify
	$(call say,LINK,$@)
	$(Q)$(BHCC) $(filter %.o,$^) -o $@

ALL_TARGETS += $(SHADOW_IMAGES)
TEST_TARGETS += $(SHADOW_IMAGES)
.PRECIOUS: $(BUILD)/domains/obj/shadow-%.o
