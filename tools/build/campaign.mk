# SPDX-License-Identifier: MIT
#
# Fault injection campaigns (docs/campaigns.md).
include tools/build/third-party.mk
FIO := $(THIRD_PARTY)/fio/fio
CAMPAIGN_DISK := $(BUILD)/guest/campaign.img

$(FIO): tools/guest/campaign/make-fio.sh
	$(Q)tools/guest/campaign/make-fio.sh $(THIRD_PARTY)

$(CAMPAIGN_DISK): $(FIO) $(wildcard tools/guest/campaign/*) tools/guest/make-guest.sh tools/campaign/disk.py | $(BUILD)/guest/vmlinuz
	$(call say,DISK,$@)
	$(Q)tools/guest/make-guest.sh campaign $(BUILD)/guest $(FIO)
	$(Q)tools/campaign/disk.py $@

# What a system under attack needs. DOMAIN may be any of its manifest; the guest's disk is one that can be checked.
DOMAIN ?= virtio-blk
N ?= 100
JOBS ?= 1
CAMPAIGN_TARGETS = $(PC)/bulkhead.elf $(DOMAIN_IMAGES) $(GENERATED_HEADERS) $(BUILD)/guest/vmlinuz $(BUILD)/guest/initrd $(CAMPAIGN_DISK)
CAMPAIGN_SUBJECT = $(DOMAIN) --build $(BUILD) --system $(SYSTEM) $(DISK:%=--choose disk=%) $(TERMINAL:%=--choose terminal=%) --seed $(SEED) $(NAME:%=--name %)
CAMPAIGN_PROGRAM = tools/campaign/campaign.py $(CAMPAIGN_SUBJECT)
CAMPAIGN_OPTIONS = --runs $(N) $(FAULTS:%=--faults %) $(if $(RESUME),--resume)

.PHONY: campaign campaign-run campaign-report campaign-slurm campaign-system
campaign-system: # by another make: not all of these names are known before the last part was read, and PC is make's own until then
	$(Q)+$(MAKE) --no-print-directory $(CAMPAIGN_TARGETS)

campaign: campaign-system ## faults of all kinds in a domain under load (DOMAIN= N= SEED= JOBS= FAULTS=register,text DISK=nvme TERMINAL=virtio-console RESUME=1)
	$(Q)$(CAMPAIGN_PROGRAM) $(CAMPAIGN_OPTIONS) --jobs $(JOBS)

campaign-run: campaign-system ## one run of a campaign again, with all logs (DOMAIN= FAULTS=kind SEED=)
	$(if $(FAULTS),,$(error give the kind of the fault: FAULTS=register))$(Q)$(CAMPAIGN_PROGRAM) --once $(FAULTS)

campaign-report: ## the report of a campaign again, also of one that runs (DOMAIN= NAME=)
	$(Q)$(CAMPAIGN_PROGRAM) --report

campaign-slurm: campaign-system ## a campaign as an array of Slurm jobs, gathered in the end (DOMAIN= N= PARTS= PARTITION=)
	$(Q)tools/campaign/slurm.py $(CAMPAIGN_SUBJECT) --runs $(N) $(FAULTS:%=--faults %) \
		$(PARTS:%=--parts %) $(PARTITION:%=--partition %)

TEST_TARGETS += $(CAMPAIGN_DISK)
TEST_SCRIPTS += tests/system/campaign.py tests/system/slurm.py
