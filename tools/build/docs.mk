# SPDX-License-Identifier: MIT
#
# The documentation: the picture, and the reference pages, which come from their sources: interfaces (bhidl), errors, run-time calls and the
# verifier's rules (tools/reference.py).
DOCS := $(BUILD)/docs

docs/architecture.svg: docs/architecture.py
	$(call say,DRAW,$@)
	$(Q)python3 $< > $@.new && mv $@.new $@

$(DOCS)/index.md: $(GENERATED_HEADERS) tools/reference.py $(wildcard kernel/abi/*.def kernel/verifier/rules.def domains/*/main.c drivers/*/main.c drivers/*/*/main.c)
	$(call say,DOCS,$@)
	$(Q)tools/reference.py --build $(BUILD) --output $(DOCS)

DOCS_TARGETS += docs/architecture.svg $(DOCS)/index.md
TEST_SCRIPTS += tests/docs/docs.py
TEST_TARGETS += $(GENERATED_HEADERS) $(HOSTED_KERNEL) $(BIN)/bhverify
