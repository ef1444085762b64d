# SPDX-License-Identifier: MIT
#
# Ported libraries: a folder below domains/ with a port.sh beside its main.c is a service on a library from a Debian source package, which
# tools/domain-port.sh builds, with its test programs, into $(BUILD)/ports/NAME, in a copy of the source at $(THIRD_PARTY)/built/NAME.
PORT_FOLDERS := $(patsubst %/port.sh,%,$(wildcard domains/*/port.sh domains/*/*/port.sh))
PORTS := $(notdir $(PORT_FOLDERS))

define port_rules
$(THIRD_PARTY)/built/$(notdir $(1))/.prepared: $(1)/port.sh
	$$(Q)tools/domain-port.sh --prepare $(BUILD) $(1)
$(BUILD)/ports/$(notdir $(1))/.done: $(THIRD_PARTY)/built/$(notdir $(1))/.prepared tools/domain-port.sh $(DOMAIN_LIB)/libbulkhead.a $(BIN)/bhverify $(wildcard tests/ports/*.c)
	$$(Q)tools/domain-port.sh $(BUILD) $(1)
$(BUILD)/ports/$(notdir $(1))/domain/lib$(notdir $(1)).a: $(BUILD)/ports/$(notdir $(1))/.done ;
$(BUILD)/domains/obj/$(1)/%.o: DOMAIN_INCLUDES := -isystem $(BUILD)/ports/$(notdir $(1))/include
$(patsubst %,$(BUILD)/domains/obj/%.o,$(wildcard $(1)/*.c)): | $(BUILD)/ports/$(notdir $(1))/.done
$(BUILD)/domains/$(call name_of,$(1)/main.c).elf: $(BUILD)/ports/$(notdir $(1))/domain/lib$(notdir $(1)).a
DOMAIN_LIBRARIES_$(call name_of,$(1)/main.c) := $(BUILD)/ports/$(notdir $(1))/domain/lib$(notdir $(1)).a
endef
$(foreach folder,$(PORT_FOLDERS),$(eval $(call port_rules,$(folder))))

.PHONY: ports
ports: $(PORT_IMAGES)
tidy: $(PORTS:%=$(BUILD)/ports/%/.done) # their headers
TEST_TARGETS += $(PORTS:%=$(BUILD)/ports/%/.done) $(PORT_IMAGES) $(PORT_IMAGES:.elf=-hardened.elf) $(BUILD)/hosted/bulkhead
TEST_SCRIPTS += tests/ports/ports.py
