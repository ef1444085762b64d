# SPDX-License-Identifier: MIT
#
# Domain images: a folder with a main.c below domains/ or drivers/ (or tests/domains, bench/domains) is one image, $(BUILD)/domains/NAME.elf; a
# driver of a family is named after both (drivers/virtio/blk -> virtio-blk) and shares the family's sources.
DOMAIN_LIB := $(BUILD)/domain-lib
DOMAIN_LIBC := $(DOMAIN_LIB)/libc.a
DOMAIN_FLAGS := -std=gnu23 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -I. -Iruntime/include -I$(GEN_INCLUDE) -MMD -MP
BHCC := $(BIN)/bhcc

$(DOMAIN_LIBC): tools/domain-libc.sh $(TOOLCHAIN) tools/third-party.sh $(wildcard runtime/musl/*) kernel/abi/slot.h kernel/abi/call.h
	$(Q)tools/domain-libc.sh $(BUILD) && touch $@

# Libraries that single domains need.
DOMAIN_CAPSTONE := $(DOMAIN_LIB)/libcapstone.a
DOMAIN_LIBRARIES_vmm := $(DOMAIN_CAPSTONE)

$(DOMAIN_CAPSTONE): tools/domain-capstone.sh $(DOMAIN_LIBC)
	$(Q)tools/domain-capstone.sh $(BUILD) && touch $@

RUNTIME_SOURCES := $(wildcard runtime/*.[cS])
RUNTIME_OBJECTS := $(patsubst runtime/%,$(BUILD)/runtime/%.o,$(RUNTIME_SOURCES))
$(BUILD)/runtime/memory.c.o: DOMAIN_EXTRA := -ffreestanding

$(BUILD)/runtime/%.o: runtime/% $(DOMAIN_LIBC) | $(GENERATED_HEADERS) $(BUILD)/runtime/
	$(call say,BHCC,$<)
	$(Q)$(BHCC) $(DOMAIN_FLAGS) $(DOMAIN_EXTRA) --both -c $< -o $@

# One library: runtime, and client and server glue of every interface; and another one of the objects that are different in hardened images.
$(DOMAIN_LIB)/libbulkhead.a: $(RUNTIME_OBJECTS) $(GENERATED_HEADERS)
	$(call say,BHCC,generated clients and servers)
	$(Q)mkdir -p $(BUILD)/runtime/gen && rm -f $(BUILD)/runtime/gen/*
	$(Q)for f in $(GEN)/client/*.[cS] $(GEN)/server/*.[cS] $(GEN)/call/*.c $(GEN)/trace/*.c; do \
		$(BHCC) $(filter-out -MMD,$(DOMAIN_FLAGS)) -I$(GEN)/trace --both -c $$f -o $(BUILD)/runtime/gen/$$(basename $$(dirname $$f))_$$(basename $$f).o || exit 1; done
	$(Q)cp $(BUILD)/runtime/note.S.o $(DOMAIN_LIB)/note.o && cp $(BUILD)/runtime/hardened.S.o $(DOMAIN_LIB)/hardened.o && cp $(BUILD)/runtime/start.c.o $(DOMAIN_LIB)/start.o
	$(Q)rm -f $@ && $(AR) rcs $@ $(filter-out %/note.S.o %/hardened.S.o %/start.c.o,$(RUNTIME_OBJECTS)) $(BUILD)/runtime/gen/*.o
	$(Q)rm -f $(DOMAIN_LIB)/libbulkhead-hardened.a && $(AR) rcs $(DOMAIN_LIB)/libbulkhead-hardened.a $(BUILD)/runtime/*.o.hardened $(BUILD)/runtime/gen/*.o.hardened

DOMAIN_MAINS := $(wildcard domains/*/main.c domains/*/*/main.c drivers/*/main.c drivers/*/*/main.c tests/domains/*/main.c bench/domains/*/main.c)
DOMAIN_IMAGES :=
PORT_IMAGES := # those on ported libraries (ports.mk), which take longer to build
# Any of them hardened: build/domains/NAME-hardened.elf, when somebody asks for it.
define DOMAIN_RULES
$(3) += $(BUILD)/domains/$(1).elf
$(BUILD)/domains/$(1).elf: $(patsubst %,$(BUILD)/domains/obj/%.o,$(2)) $(DOMAIN_LIB)/libbulkhead.a $(BIN)/bhverify $(DOMAIN_LIBRARIES_$(1)) | $(BUILD)/domains/
	$$(call say,LINK,$$@)
	$$(Q)$$(BHCC) $$(filter %.o,$$^) $$(DOMAIN_LIBRARIES_$(1)) -o $$@
$(BUILD)/domains/$(1)-hardened.elf: $(BUILD)/domains/$(1).elf
	$$(call say,LINK,$$@)
	$$(Q)$$(BHCC) --hardened $(patsubst %,$(BUILD)/domains/obj/%.o,$(2)) $$(DOMAIN_LIBRARIES_$(1)) -o $$@
endef
# drivers/virtio/blk/main.c: name virtio-blk, sources of its folder and of the family's.
name_of = $(subst /,-,$(patsubst drivers/%,%,$(patsubst domains/%,%,$(patsubst tests/domains/%,%,$(patsubst bench/domains/%,%,$(patsubst %/main.c,%,$(1)))))))
family_of = $(if $(filter drivers/% domains/%,$(1)),$(if $(wildcard $(dir $(patsubst %/main.c,%,$(1)))main.c),,$(filter-out drivers/ domains/,$(dir $(patsubst %/main.c,%,$(1))))))
sources_of = $(wildcard $(patsubst %/main.c,%,$(1))/*.[cS]) $(if $(call family_of,$(1)),$(wildcard $(call family_of,$(1))*.c))
kind_of = $(if $(wildcard $(dir $(1))port.sh),PORT_IMAGES,DOMAIN_IMAGES)
$(foreach m,$(DOMAIN_MAINS),$(eval $(call DOMAIN_RULES,$(call name_of,$(m)),$(call sources_of,$(m)),$(call kind_of,$(m)))))

$(BUILD)/domains/obj/%.o: % $(DOMAIN_LIBC) | $(GENERATED_HEADERS)
	$(call say,BHCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(BHCC) $(DOMAIN_FLAGS) $(DOMAIN_INCLUDES) --both -c $< -o $@

$(patsubst %,$(BUILD)/domains/obj/%.o,$(wildcard domains/vmm/*.c)): | $(DOMAIN_CAPSTONE)

-include $(wildcard $(BUILD)/domains/obj/*/*.d $(BUILD)/domains/obj/*/*/*.d $(BUILD)/domains/obj/*/*/*/*.d $(BUILD)/runtime/*.d)
ALL_TARGETS += $(DOMAIN_IMAGES)
