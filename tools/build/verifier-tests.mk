# SPDX-License-Identifier: MIT
#
# Tests of the verifier and of the domain toolchain.
TEST_SCRIPTS += tests/verifier/attacks.py
TEST_TARGETS += $(BIN)/bhverify $(TOOLCHAIN) $(DOMAIN_LIB)/libbulkhead.a
