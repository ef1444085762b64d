# SPDX-License-Identifier: MIT
#
# bench/rings: our ring beside other queues, as a program of its own: $(BUILD)/bench/rings, and with DPDK's rte_ring $(BUILD)/bench/rings-dpdk, for which
# `make bench' fetches the headers of Debian's libdpdk-dev and installs nothing; without them it measures what there is.
RINGS_BENCH := $(BUILD)/bench/rings-obj
DPDK := $(THIRD_PARTY)/dpdk
RINGS_FLAGS := -std=gnu23 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -I. -Iruntime/include -I$(GEN_INCLUDE) -MMD -MP
# What Debian compiles DPDK for; it goes no lower.
DPDK_FLAGS := -march=corei7 $(addprefix -isystem $(DPDK)/usr/include/,dpdk x86_64-linux-gnu/dpdk) -include rte_config.h
RINGS_OWN := $(patsubst bench/rings/%.c,$(RINGS_BENCH)/%.o,$(filter-out %/dpdk.c,$(wildcard bench/rings/*.c)))
RINGS_RUNTIME := $(patsubst runtime/%.c,$(RINGS_BENCH)/runtime/%.o,$(wildcard runtime/ring*.c))
RINGS_OBJECTS = $(RINGS_OWN) $(RINGS_RUNTIME) $(BUILD)/bench/obj/measure.o

$(RINGS_BENCH)/%.o: bench/rings/%.c | $(GENERATED_HEADERS)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(RINGS_FLAGS) -c $< -o $@
$(RINGS_BENCH)/runtime/%.o: runtime/%.c | $(GENERATED_HEADERS)
	$(call say,CC,$< (native))
	$(Q)mkdir -p $(@D) && $(CC) $(RINGS_FLAGS) -c $< -o $@
$(BUILD)/bench/rings: $(RINGS_OBJECTS)
	$(call say,LD,$@)
	$(Q)$(CC) -no-pie -fuse-ld=lld -pthread $^ -o $@

# Without the headers there is no such program, which is no error: the benchmark says so.
.PHONY: rings-dpdk
rings-dpdk: $(BUILD)/bench/rings
	$(Q)if tools/third-party.sh headers $(THIRD_PARTY) libdpdk-dev dpdk; then $(MAKE) --no-print-directory $(BUILD)/bench/rings-dpdk; \
		else echo '  bench/rings: without rte_ring, whose headers could not be fetched'; fi
$(BUILD)/bench/rings-dpdk: $(RINGS_OBJECTS) bench/rings/dpdk.c $(DPDK)/.ready
	$(call say,LD,$@)
	$(Q)$(CC) $(filter-out -MMD -MP,$(RINGS_FLAGS)) $(DPDK_FLAGS) -c bench/rings/dpdk.c -o $(RINGS_BENCH)/dpdk.o
	$(Q)$(CC) -no-pie -fuse-ld=lld -pthread $(RINGS_OBJECTS) $(RINGS_BENCH)/dpdk.o -o $@

BENCH_TARGETS += $(BUILD)/bench/rings $(if $(filter rings,$(or $(BENCH),rings)),rings-dpdk)
TEST_TARGETS += $(BUILD)/bench/rings
-include $(wildcard $(RINGS_BENCH)/*.d $(RINGS_BENCH)/runtime/*.d)
