// SPDX-License-Identifier: MIT
//
// The way of a call through a shadow: contracts, faults, replay, the server, contracts again, the log. Capabilities that came with the call were
// passed on and are dropped here; the kernel hands what hangs on them over to what they hang on, so that the server's is then the client's own child, as
// without a shadow.
#include "pass.h"

#include <string.h>
#include <x86intrin.h>

bh_cap shadow_target;
volatile uint32_t shadow_mode;

// Did the server never get it? A call that was refused leaves what it would have moved.
static bool is_held(bh_cap cap) {
    struct bh_cap_info info;
    return bh_cap_list(cap, &info) == BH_OK && info.index == cap && info.state == BH_CAP_LIVE;
}

// `returned`: an `out cap' of the server's that the client does not get.
static void drop_all(const struct shadow_method *method, const uint64_t words[SHADOW_WORDS], uint64_t returned) {
    for (const struct call_parameter *one = method->parameters; one->way != CALL_END; one++) {
        bh_cap cap = (bh_cap)words[one->word];
        if (one->way == CALL_CAP)
            (void)bh_cap_drop(cap);
        else if (one->way == CALL_MOVE && is_held(cap))
            (void)bh_cap_drop(cap);
        else if (one->way == CALL_CAP_OUT && returned)
            (void)bh_cap_drop((bh_cap)returned);
    }
}

static struct bh_result forward(uint32_t number, const uint64_t words[SHADOW_WORDS], const struct bh_shadow_settings *settings) {
    if (settings->mode & BH_SHADOW_MODE_INJECT)
        return inject_call(number, words, settings);
    if (settings->mode & BH_SHADOW_MODE_REPLAY)
        return replay_call(number, words, settings->wait_ns);
    return shadow_interface.methods[number].call(shadow_target, words);
}

static void broken(uint32_t number, const char *word, const char *contract) {
    settings_count(number, COUNT_BROKEN);
    bh_warn("%s.%s, badge %u: broken: %s %s", shadow_interface.name, shadow_interface.methods[number].name, bh_badge(), word, contract);
}

static struct bh_result checked(uint32_t number, const uint64_t words[SHADOW_WORDS], const struct bh_shadow_settings *settings) {
    const struct shadow_method *method = &shadow_interface.methods[number];
    bool checks = settings->mode & BH_SHADOW_MODE_CHECK;
    const char *contract = checks && method->requires ? method->requires(words, 0) : NULL;
    if (contract) {
        broken(number, "requires", contract);
        return (struct bh_result){BH_EINVAL, 0};
    }
    struct bh_result result = forward(number, words, settings);
    contract = checks && method->ensures && !result.error ? method->ensures(words, result.value) : NULL;
    if (contract) {
        broken(number, "ensures", contract);
        drop_all(method, (uint64_t[SHADOW_WORDS]){0}, result.value);
        result = (struct bh_result){BH_EPROTO, 0};
    }
    return result;
}

// ---- the log

struct line {
    char text[400];
    FILE *out;
    const uint8_t *memory[SHADOW_WORDS];
};

static void line_begin(struct line *line, uint32_t number, const uint64_t words[SHADOW_WORDS]) {
    *line = (struct line){.out = fmemopen(line->text, sizeof(line->text), "w")};
    for (const struct call_parameter *one = shadow_interface.methods[number].parameters; one->way != CALL_END; one++)
        if (is_memory(one->way))
            line->memory[one->word] = (const uint8_t *)words[one->word];
    if (line->out)
        (void)shadow_interface.trace_call(line->out, number, words, line->memory);
}

static void line_end(struct line *line, uint32_t number, const uint64_t words[SHADOW_WORDS], struct bh_result result) {
    uint32_t badge = bh_badge();
    if (!line->out)
        return;
    (void)shadow_interface.trace_back(line->out, number, result.error, result.value, words, line->memory);
    if (badge)
        fprintf(line->out, " (badge %u)", badge);
    fclose(line->out);
    line->text[sizeof(line->text) - 1] = 0;
    bh_info("%s", line->text);
}

// ----

struct bh_result shadow_call(uint32_t number, const uint64_t words[SHADOW_WORDS]) {
    const struct shadow_method *method = &shadow_interface.methods[number];
    struct bh_shadow_settings settings = settings_now();
    struct line line;
    if (settings.mode & BH_SHADOW_MODE_LOG)
        line_begin(&line, number, words);
    uint64_t start = __rdtsc();
    struct bh_result result = checked(number, words, &settings);
    if (settings.mode & BH_SHADOW_MODE_MEASURE)
        settings_measured(number, __rdtsc() - start);
    settings_count(number, COUNT_CALLS);
    if (result.error)
        settings_count(number, COUNT_FAILED);
    if (settings.mode & BH_SHADOW_MODE_LOG)
        line_end(&line, number, words, result);
    drop_all(method, words, 0);
    return result;
}

int main(void) {
    enum bh_error error = bh_cap_find("target", &shadow_target);
    if (!error)
        error = settings_start();
    if (error) {
        bh_error_log("no shadow of %s: %s", shadow_interface.name, bh_strerror(error));
        return 1;
    }
    bh_thread_exit();
}
