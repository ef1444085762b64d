# SPDX-License-Identifier: MIT
#
# The protocols as Promela models (docs/protocols.md), checked with SPIN: within small bounds in `make test`, within bigger ones in `make models`.
TEST_SCRIPTS += tests/models/models.py

.PHONY: models
models: ## check the protocol models within bigger bounds, too (ONLY=part of a model's name)
	$(Q)tests/models/models.py --build $(BUILD) --bounds big --only '$(ONLY)'
