# SPDX-License-Identifier: MIT
#
# Every command a person types. Bare `make` builds, then prints this list.
#
#   make run                         boot Bulkhead in QEMU, then a Linux guest, to its shell
#   make run GUEST_CMD='uname -a'    run one command in the guest, exit with its status
#   make run SYSTEM=hello            another system from systems/
#   make run CPUS=4                  with four processors; make demo, too
#   make run DISK=nvme               with the disk behind NVMe instead of virtio; make demo, too
#   make run TERMINAL=virtio-console with the terminal behind virtio instead of a UART
#   make run IOMMU=off               a machine whose devices can reach all memory; make demo, too
#   make test TEST=crash             only the tests whose name contains "crash"
#   make bench BENCH=call            one benchmark; RUNS=8: in eight processes; SAVE=before: keep the report under that name
#   make bench-compare before after  two reports: files, folders, or names that they were saved under
#   make test WORKERS=1              one compiler at a time; usually there are as many as processors
#   make demo SEED=7                 crash the disk driver 20 times under load
#   make demo PACKED=1               the same on a disk with packed virtqueues
#   make demo VMM=1                  and the vmm under its guest, too
#   make demo ISOLATION=virtio-blk=paging    the same, with the driver isolated by paging (docs/mechanisms.md); make run, too
#
SYSTEM ?= linux
GUEST_CMD ?=
CPUS ?= 1
DISK ?=
TERMINAL ?=
EMULATOR ?= qemu
TEST ?=
BENCH ?=
RUNS ?= 1
SAVE ?=
SEED ?= 1
ISOLATION ?=
PACKED ?=
IOMMU ?= on
BUILD ?= build
V ?= 0
WORKERS ?= $(shell nproc)

ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(WORKERS)
endif
CC := clang-19
AR := llvm-ar-19
LD := ld.lld-19
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@true,@printf '  %-8s %s\n' '$(1)' '$(2)')

.DEFAULT_GOAL := default
.DELETE_ON_ERROR:
.SUFFIXES:
ALL_TARGETS :=
UNIT_TESTS :=
TEST_SCRIPTS :=
FUZZ_TARGETS :=

ifneq ($(filter-out setup help clean distclean doctor,$(or $(MAKECMDGOALS),default)),)
ifeq ($(BULKHEAD_READY),)
# Everything but setup needs the packages: install what is missing before any rule runs.
ready := $(shell tools/setup.sh --quiet 1>&2 && echo yes)
ifneq ($(ready),yes)
$(error the packages could not be installed; see the message above)
endif
export BULKHEAD_READY := 1
endif
endif

include $(sort $(wildcard tools/build/*.mk))

RUN_PROGRAM = tools/run/run.py --build $(BUILD) --system $(SYSTEM) --cpus $(CPUS) --emulator $(EMULATOR) --iommu $(IOMMU) $(DISK:%=--disk-driver %) $(TERMINAL:%=--terminal %) $(IMAGE:%=--disk %) $(ISOLATION:%=--isolation %)
ifneq ($(GUEST_CMD),)
# The command runs first; then make itself ends with its status, by a function of our own (see exit_status.c).
RUN_STATUS := $(BUILD)/run-status
-load $(BUILD)/lib/exit_status.so
$(BUILD)/lib/exit_status.so: tools/run/exit_status.c
	$(Q)mkdir -p $(@D) && $(CC) -shared -fPIC $< -o $@
.PHONY: run-command
run-command: $(RUN_TARGETS)
	$(Q)$(RUN_PROGRAM) --command '$(subst ','\'',$(value GUEST_CMD))'; echo $$? > $(RUN_STATUS)
endif

.PHONY: default all help setup run test bench bench-compare demo debug fuzz format tidy docs metrics doctor clean distclean
default: all
	$(Q)$(MAKE) --no-print-directory help
all: $(ALL_TARGETS) compile_commands.json

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(filter-out %.d,$(MAKEFILE_LIST))

setup: ## install the Debian packages that are missing
	$(Q)tools/setup.sh

run: $(if $(GUEST_CMD),run-command,$(RUN_TARGETS)) ## boot in QEMU to the shell of a Linux guest (GUEST_CMD= SYSTEM= CPUS= DISK=nvme TERMINAL=virtio-console IMAGE=file)
	$(if $(GUEST_CMD),$(exit-with $(shell cat $(RUN_STATUS)))@exit $$(cat $(RUN_STATUS)),$(Q)$(RUN_PROGRAM))

test: $(TEST_TARGETS) ## build and run all tests (TEST=part of a name); last line: N passed, N failed
	$(Q)tools/build/run-tests.py --build $(BUILD) --only '$(TEST)' $(UNIT_TESTS) $(TEST_SCRIPTS)

bench: $(BENCH_TARGETS) ## measure; one report, build/bench/report.html (BENCH=name RUNS=n SAVE=name)
	$(Q)bench/run.py --build $(BUILD) --only '$(BENCH)' --runs '$(RUNS)' --save '$(SAVE)'

# The words behind it are reports, not targets.
ifeq ($(firstword $(MAKECMDGOALS)),bench-compare)
COMPARED := $(wordlist 2,3,$(MAKECMDGOALS))
.PHONY: $(COMPARED)
$(foreach word,$(COMPARED),$(eval $(word):;@:))
endif
bench-compare: ## two reports of make bench, with significance (make bench-compare BEFORE AFTER [FAIL=1])
	$(Q)bench/compare.py --build $(BUILD) $(if $(FAIL),--fail) $(if $(A)$(B),$(A) $(B),$(COMPARED))

demo: $(RUN_TARGETS) ## crash the disk driver 20 times under guest disk load (SEED= CPUS= DISK= BACKTRACE=1 PACKED=1 VMM=1)
	$(Q)tools/demo/demo.py --build $(BUILD) --seed $(SEED) --cpus $(CPUS) --iommu $(IOMMU) $(DISK:%=--disk-driver %) $(ISOLATION:%=--isolation %) $(if $(PACKED),--packed) $(if $(VMM),--vmm) $(if $(BACKTRACE),--backtrace)

debug: $(RUN_TARGETS) ## QEMU waits, gdb attached with all symbols (SYSTEM= CPUS= BREAK=domain_crash)
	$(Q)$(RUN_PROGRAM) --debug $(if $(BREAK),--break $(BREAK))

fuzz: ## libFuzzer without end (TARGET=verifier, execution, loader, unwind)
	$(Q)$(MAKE) --no-print-directory $(BUILD)/fuzz/$(or $(TARGET),verifier)
	$(Q)mkdir -p $(BUILD)/fuzz/corpus-$(or $(TARGET),verifier)
	$(Q)$(BUILD)/fuzz/$(or $(TARGET),verifier) $(BUILD)/fuzz/corpus-$(or $(TARGET),verifier)

format: ## clang-format all sources
	$(Q)git ls-files '*.c' '*.h' | xargs clang-format-19 -i

tidy: compile_commands.json $(GENERATED_HEADERS) $(OFFSETS) ## layers, headers alone, lengths, clang-tidy
	$(Q)tools/check-layers.py
	$(Q)tools/check-sources.py $(BUILD)
	$(Q)git ls-files 'kernel/*.c' 'runtime/*.c' 'domains/*.c' 'drivers/*.c' ':!runtime/musl' | xargs -P2 -n8 clang-tidy-19 --quiet -p . 2>/dev/null

docs: $(DOCS_TARGETS) ## reference pages and drawings under build/docs
	$(Q)tools/check-docs.py

metrics: $(GENERATED_HEADERS) ## lines by folder, trusted base
	$(Q)tools/metrics.py

doctor: ## versions of tools, CPU features, what is missing
	$(Q)tools/setup.sh --doctor

clean: ## remove build/ but not the third-party cache
	$(Q)if [ -d $(BUILD) ]; then find $(BUILD) -mindepth 1 -maxdepth 1 ! -name third-party -exec rm -rf {} +; fi; rm -f compile_commands.json

distclean: ## remove build/ whole
	$(Q)rm -rf $(BUILD) compile_commands.json

compile_commands.json: Makefile $(wildcard tools/build/*.mk)
	$(Q)tools/build/compile-commands.py > $@.new 2>/dev/null && mv $@.new $@ || { rm -f $@.new; echo '[]' > $@; }
