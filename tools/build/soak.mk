# SPDX-License-Identifier: MIT
#
# Random load and faults for an hour, and what is left over; a minute of it in make test.
.PHONY: soak
soak: $(RUN_TARGETS) ## random load and faults, and a count of what is left over (MINUTES=60 SEED=1 CPUS=1)
	$(Q)tools/soak/soak.py --build $(BUILD) --minutes $(or $(MINUTES),60) --seed $(SEED) --cpus $(CPUS)
TEST_SCRIPTS += tests/system/soak.py
