# SPDX-License-Identifier: MIT
#
# musl, capstone and libunwind for the kernel, and the pristine sources of any Debian package as
# $(THIRD_PARTY)/src/NAME/.ready. Kept by `make clean`.
ifndef THIRD_PARTY
THIRD_PARTY := $(BUILD)/third-party
KERNEL_LIBC := $(THIRD_PARTY)/kernel/lib/libc.a
KERNEL_CAPSTONE := $(THIRD_PARTY)/kernel/lib/libcapstone.a
KERNEL_LIBUNWIND := $(THIRD_PARTY)/kernel/lib/libunwind-x86_64.a
KERNEL_LIBRARIES := $(KERNEL_CAPSTONE) $(KERNEL_LIBUNWIND) $(KERNEL_LIBC)

$(THIRD_PARTY)/src/%/.ready:
	$(Q)tools/third-party.sh source $(THIRD_PARTY) $*

$(KERNEL_LIBC): tools/third-party.sh
	$(Q)tools/third-party.sh musl $(THIRD_PARTY) && touch $@

$(KERNEL_CAPSTONE): $(KERNEL_LIBC)
	$(Q)tools/third-party.sh capstone $(THIRD_PARTY) && touch $@

$(KERNEL_LIBUNWIND): $(KERNEL_LIBC)
	$(Q)tools/third-party.sh libunwind $(THIRD_PARTY) && touch $@

.PHONY: third-party
third-party: $(KERNEL_LIBRARIES)
endif
