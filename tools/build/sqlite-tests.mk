# SPDX-License-Identifier: MIT
#
# SQLite's own tests: its test program, with Tcl inside, as a domain; its fuzz corpora; and its database on a virtio disk.
TESTFIXTURE := $(BUILD)/tests/sqlite/testfixture.elf
$(TESTFIXTURE): $(wildcard tests/ports/sqlite/*.[ch]) tests/ports/sqlite/build.sh domains/sqlite/port.sh $(BUILD)/ports/sqlite/.done $(BUILD)/ports/zlib/.done \
		$(DOMAIN_LIB)/libbulkhead.a $(BIN)/bhverify
	$(Q)tests/ports/sqlite/build.sh $(BUILD)

.PHONY: sqlite-tests
sqlite-tests: $(TESTFIXTURE) $(BUILD)/hosted/bulkhead ## all of SQLite's own tests and corpora, not the choice that make test runs (15 minutes)
	$(Q)tests/ports/sqlite/tcltests.py --build $(BUILD) --all
	$(Q)tests/ports/fuzzdata.py --build $(BUILD) --all

TEST_TARGETS += $(TESTFIXTURE) $(BUILD)/hosted/bulkhead $(BUILD)/pc/bulkhead.elf $(BUILD)/domains/sqlite.elf $(BUILD)/domains/bookkeeper.elf $(BUILD)/domains/virtio-blk.elf
TEST_SCRIPTS += tests/ports/sqlite/tcltests.py tests/ports/fuzzdata.py tests/system/database.py
