# SPDX-License-Identifier: MIT
#
# Images of the plain flavour (docs/mechanisms.md): $(BUILD)/domains/NAME-plain.elf, when somebody asks for it, of the same sources as NAME.elf and with a
# runtime and a C library of that flavour. Not for domains that need a library of their own.
PLAIN := $(BUILD)/plain
PLAIN_LIB := $(DOMAIN_LIB)/plain
PLAIN_BHCC := $(BHCC) --isolation=plain
PLAIN_RUNTIME := $(patsubst runtime/%,$(PLAIN)/runtime/%.o,$(filter-out runtime/hardened.S,$(RUNTIME_SOURCES)))
$(PLAIN)/runtime/memory.c.o: DOMAIN_EXTRA := -ffreestanding

$(PLAIN_LIB)/libc.a: $(DOMAIN_LIBC) $(BHCC)
	$(Q)tools/domain-libc.sh $(BUILD) plain && touch $@

$(PLAIN)/runtime/%.o: runtime/% $(PLAIN_LIB)/libc.a | $(GENERATED_HEADERS)
	$(call say,PLAIN,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(PLAIN_BHCC) $(DOMAIN_FLAGS) $(DOMAIN_EXTRA) -c $< -o $@

$(PLAIN_LIB)/libbulkhead.a: $(PLAIN_RUNTIME) $(GENERATED_HEADERS)
	$(call say,PLAIN,generated clients and servers)
	$(Q)rm -rf $(PLAIN)/gen && mkdir -p $(PLAIN)/gen
	$(Q)ls $(GEN)/client/*.[cS] $(GEN)/server/*.[cS] | xargs -P 2 -I{} sh -c '$(PLAIN_BHCC) $(filter-out -MMD,$(DOMAIN_FLAGS)) -c {} -o $(PLAIN)/gen/$$(echo {} | tr / _).o'
	$(Q)cp $(PLAIN)/runtime/note.S.o $(PLAIN_LIB)/note.o && cp $(PLAIN)/runtime/start.c.o $(PLAIN_LIB)/start.o
	$(Q)rm -f $@ && $(AR) rcs $@ $(filter-out %/note.S.o %/start.c.o,$(PLAIN_RUNTIME)) $(PLAIN)/gen/*.o

$(PLAIN)/obj/%.o: % $(PLAIN_LIB)/libc.a | $(GENERATED_HEADERS)
	$(call say,PLAIN,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(PLAIN_BHCC) $(DOMAIN_FLAGS) $(DOMAIN_INCLUDES) -c $< -o $@

define PLAIN_RULE
$(BUILD)/domains/$(1)-plain.elf: $(patsubst %,$(PLAIN)/obj/%.o,$(2)) $(PLAIN_LIB)/libbulkhead.a $(BIN)/bhverify | $(BUILD)/domains/
	$$(call say,LINK,$$@)
	$$(Q)$$(PLAIN_BHCC) $$(filter %.o,$$^) -o $$@
endef
$(foreach m,$(DOMAIN_MAINS),$(if $(DOMAIN_LIBRARIES_$(call name_of,$(m))),,$(eval $(call PLAIN_RULE,$(call name_of,$(m)),$(call sources_of,$(m))))))
-include $(wildcard $(PLAIN)/obj/*/*.d $(PLAIN)/obj/*/*/*.d $(PLAIN)/obj/*/*/*/*.d $(PLAIN)/runtime/*.d)

TEST_TARGETS += $(addprefix $(BUILD)/domains/,victim-plain.elf call-server-plain.elf virtio-blk-plain.elf)
TEST_SCRIPTS += tests/system/mechanisms.py
RUN_TARGETS += $(foreach one,$(ISOLATION),$(if $(filter sfi,$(lastword $(subst =, ,$(one)))),,$(BUILD)/domains/$(firstword $(subst =, ,$(one)))-plain.elf))
