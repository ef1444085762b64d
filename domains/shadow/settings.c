// SPDX-License-Identifier: MIT
//
// What the operator wants of a shadow, from the manifest at first and over the interface Shadow then, and what it has counted.
#include "pass.h"

#include <stdlib.h>
#include <string.h>

#include "bulkhead/mutex.h"
#include "kernel.h"

#define METHODS_MAX 16
#define WAIT_NS 10000000000ull // for a server, unless the settings say otherwise

static struct bh_shadow_settings settings = {.error = BH_EAGAIN, .every = 1, .wait_ns = WAIT_NS};
static struct bh_mutex lock;
static uint64_t counts[METHODS_MAX][COUNTS];
static struct times {
    uint64_t ticks, least, most;
    uint32_t histogram[48];
} times[METHODS_MAX];
static bh_cap manifest; // Settings

struct bh_shadow_settings settings_now(void) {
    bh_mutex_lock(&lock);
    struct bh_shadow_settings now = settings;
    bh_mutex_unlock(&lock);
    return now;
}

void settings_count(uint32_t number, enum shadow_count what) {
    __atomic_fetch_add(&counts[number][what], 1, __ATOMIC_RELAXED);
}

void settings_measured(uint32_t number, uint64_t ticks) {
    struct times *one = &times[number];
    uint32_t bucket = 63u - (uint32_t)__builtin_clzll(ticks | 1);
    bh_mutex_lock(&lock);
    one->ticks += ticks;
    one->least = !one->least || ticks < one->least ? ticks : one->least;
    one->most = ticks > one->most ? ticks : one->most;
    one->histogram[bucket < 48 ? bucket : 47]++;
    bh_mutex_unlock(&lock);
}

// ---- the interface

static enum bh_error get(void *, struct bh_shadow_settings *now) {
    *now = settings_now();
    return BH_OK;
}

static enum bh_error set(void *, const struct bh_shadow_settings *wanted) {
    if (wanted->error > 0 || (wanted->method_present && wanted->method >= shadow_interface.method_count))
        return BH_EINVAL;
    bh_mutex_lock(&lock);
    settings = *wanted;
    shadow_mode = wanted->mode;
    bh_mutex_unlock(&lock);
    return BH_OK;
}

static enum bh_error report(void *, uint32_t number, struct bh_shadow_report *numbers) {
    if (number >= shadow_interface.method_count)
        return BH_ENOENT;
    const struct times *one = &times[number];
    const uint64_t *count = counts[number];
    *numbers = (struct bh_shadow_report){.calls = count[COUNT_CALLS], .failed = count[COUNT_FAILED], .injected = count[COUNT_INJECTED],
                                         .broken = count[COUNT_BROKEN], .repeated = count[COUNT_REPEATED]};
    strncpy(numbers->method, shadow_interface.methods[number].name, sizeof(numbers->method) - 1);
    bh_mutex_lock(&lock);
    numbers->ticks = one->ticks;
    numbers->least = one->least;
    numbers->most = one->most;
    memcpy(numbers->histogram, one->histogram, sizeof(numbers->histogram));
    bh_mutex_unlock(&lock);
    return BH_OK;
}

static enum bh_error clear(void *) {
    bh_mutex_lock(&lock);
    memset(counts, 0, sizeof(counts));
    memset(times, 0, sizeof(times));
    bh_mutex_unlock(&lock);
    return BH_OK;
}

// ---- the manifest

static const struct {
    const char *name;
    uint32_t bit;
} modes[] = {{"log", BH_SHADOW_MODE_LOG}, {"measure", BH_SHADOW_MODE_MEASURE}, {"inject", BH_SHADOW_MODE_INJECT}, {"check", BH_SHADOW_MODE_CHECK},
             {"replay", BH_SHADOW_MODE_REPLAY}},
    faults[] = {{"fail", BH_SHADOW_FAULT_FAIL}, {"delay", BH_SHADOW_FAULT_DELAY}, {"lose", BH_SHADOW_FAULT_LOSE}, {"flip", BH_SHADOW_FAULT_FLIP}};

static const char *setting(const char *key, char value[480]) {
    return settings_get(manifest, key, value) ? NULL : value;
}

static uint64_t number(const char *key, uint64_t otherwise) {
    char value[480];
    return setting(key, value) ? strtoull(value, NULL, 0) : otherwise;
}

// mkimage has seen to the words.
static uint32_t words(const char *key, const typeof(*modes) *known, size_t count) {
    char value[480];
    uint32_t bits = 0;
    if (setting(key, value))
        for (size_t i = 0; i < count; i++)
            bits |= strstr(value, known[i].name) ? known[i].bit : 0;
    return bits;
}

static void read_manifest(void) {
    char value[480];
    settings.mode = words("mode", modes, sizeof(modes) / sizeof(*modes));
    settings.faults = words("faults", faults, sizeof(faults) / sizeof(*faults));
    settings.every = (uint32_t)number("every", settings.every);
    settings.delay_ns = number("delay_ns", 0);
    settings.seed = number("seed", 0);
    settings.wait_ns = number("wait_ns", WAIT_NS);
    settings.error = setting("error", value) ? (int32_t)strtol(value, NULL, 0) : settings.error;
    for (uint32_t i = 0; setting("method", value) && i < shadow_interface.method_count; i++)
        if (strcmp(value, shadow_interface.methods[i].name) == 0) {
            settings.method = i;
            settings.method_present = true;
        }
    shadow_mode = settings.mode;
}

enum bh_error settings_start(void) {
    static const struct shadow_methods methods = {.settings = get, .set = set, .report = report, .clear = clear};
    char port[480];
    enum bh_error error = bh_cap_find("settings", &manifest);
    if (!error)
        error = bh_mutex_create(&lock);
    if (!error)
        error = replay_start();
    if (error)
        return error;
    read_manifest();
    error = setting("port", port) ? shadow_interface.serve(port) : BH_ENOENT;
    if (!error) // who gets an answer here knows that the shadow is there
        error = setting("control", port) ? shadow_serve(port, &methods, NULL) : BH_ENOENT;
    return error;
}
