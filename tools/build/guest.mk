# SPDX-License-Identifier: MIT
#
# The Linux guest and what `make run' boots.
GUEST := $(BUILD)/guest

$(GUEST)/vmlinuz: tools/guest/make-guest.sh
	$(Q)tools/guest/make-guest.sh kernel $(BUILD)/third-party/guest-kernel $(GUEST) && touch $@

$(GUEST)/initrd: $(GUEST)/vmlinuz $(wildcard tools/guest/*)
	$(call say,INITRD,$@)
	$(Q)tools/guest/make-guest.sh initrd $(GUEST)

# The guest writes to its disk: made again only when its own scripts change, and then the old one is kept beside it.
$(GUEST)/disk.img: tools/guest/root-init.sh tools/guest/udhcpc.sh tools/guest/make-guest.sh tools/guest/bulkhead-exit.c | $(GUEST)/vmlinuz
	$(call say,DISK,$@)
	$(Q)tools/guest/make-guest.sh disk $(GUEST)

.PHONY: guest
guest: $(GUEST)/vmlinuz $(GUEST)/initrd $(GUEST)/disk.img

RUN_TARGETS += $(PC)/bulkhead.elf $(DOMAIN_IMAGES) $(GENERATED_HEADERS)
RUN_TARGETS += $(if $(filter linux two-guests,$(SYSTEM)),$(GUEST)/vmlinuz $(GUEST)/initrd $(GUEST)/disk.img)

# bhctl, to be called as build/bin/bhctl.
$(BIN)/bhctl: tools/bhctl/bhctl.py | $(BIN)/
	$(Q)ln -sf ../../tools/bhctl/bhctl.py $@
ALL_TARGETS += $(BIN)/bhctl
RUN_TARGETS += $(BIN)/bhctl

# The system tests need everything that `make run' does.
TEST_TARGETS += $(PC)/bulkhead.elf $(DOMAIN_IMAGES) $(GUEST)/vmlinuz $(GUEST)/initrd $(GUEST)/disk.img $(GUESTS) $(BIN)/bhctl
TEST_SCRIPTS += tests/system/linux.py tests/system/network.py tests/system/vmm_restart.py
