// SPDX-License-Identifier: MIT
//
// Hostile values are refused at the boundary. The checks are part of the proxies, in their section: they run on the caller's control stack without
// the kernel's lock, touch no memory but what the proxy has just copied, and call nothing. What is passed in is checked in the callee's copy, which
// the caller cannot change any more; what comes back, in the caller's copy.
#include "kernel/domain/values.h"

#include <stddef.h>

#define IN_PROXY __attribute__((section("text_proxy"), no_sanitize("address", "undefined", "coverage")))

#define ACCEPTED ((struct value_refused){NULL, 0})

IN_PROXY static uint64_t value_at(const uint8_t *address, uint8_t width) {
    switch (width) {
    case 1: return *address;
    case 2: return *(const uint16_t *)address;
    case 4: return *(const uint32_t *)address;
    default: return *(const uint64_t *)address;
    }
}

IN_PROXY static bool is_among(const struct value_rule *rule, uint64_t value) {
    for (uint32_t i = 0; i < rule->count; i++)
        if (value >= rule->ranges[2 * i] && value <= rule->ranges[2 * i + 1])
            return true;
    return false;
}

IN_PROXY static bool has_end(const uint8_t *text, uint32_t size) {
    for (uint32_t i = 0; i < size; i++)
        if (((const volatile uint8_t *)text)[i] == 0) // a loop, not a call of memchr
            return true;
    return false;
}

IN_PROXY static struct value_refused check(const struct value_rule *rule, const uint8_t *base);

// `count` rules and what is inside of them.
IN_PROXY static struct value_refused check_all(const struct value_rule *rules, uint16_t count, const uint8_t *base) {
    struct value_refused refused = ACCEPTED;
    for (uint16_t i = 0; i < count && !refused.rule; i += (uint16_t)(1 + rules[i].inside))
        refused = check(&rules[i], base);
    return refused;
}

// As deep as structures are nested.
IN_PROXY static struct value_refused check(const struct value_rule *rule, const uint8_t *base) { // NOLINT(misc-no-recursion): see above
    const uint8_t *address = base + rule->offset;
    struct value_refused refused = ACCEPTED;
    if (rule->kind == VALUE_EACH) {
        for (uint32_t i = 0; i < rule->count && !refused.rule; i++)
            refused = check_all(rule + 1, rule->inside, address + i * rule->bits);
        return refused;
    }
    if (rule->kind == VALUE_TEXT)
        return has_end(address, rule->count) ? ACCEPTED : (struct value_refused){rule, rule->count};
    uint64_t value = value_at(address, rule->width);
    if (rule->kind == VALUE_PRESENT && value == 1)
        return check_all(rule + 1, rule->inside, base);
    if (rule->kind == VALUE_PRESENT ? value != 0 : rule->kind == VALUE_BITS ? value & ~rule->bits : !is_among(rule, value))
        refused = (struct value_refused){rule, value};
    return refused;
}

IN_PROXY struct value_refused values_check(const struct value_rule *rules, const uint64_t *words, const uint8_t *area) {
    struct value_refused refused = ACCEPTED;
    for (; rules->kind != VALUE_END && !refused.rule; rules += 1 + rules->inside)
        refused = check(rules, rules->place == VALUE_WORDS ? (const uint8_t *)words : area);
    return refused;
}

IN_PROXY struct value_refused values_check_back(const struct value_rule *rules, const uint64_t results[2], const uint64_t *outs) {
    struct value_refused refused = ACCEPTED;
    for (; rules->kind != VALUE_END && !refused.rule; rules += 1 + rules->inside) {
        if (rules->place == VALUE_ERROR)
            refused = check(rules, (const uint8_t *)&results[0]);
        else if ((int32_t)results[0] == 0)
            refused = check(rules, rules->place == VALUE_RESULT ? (const uint8_t *)&results[1]
                                                                : (const uint8_t *)outs[2 * (rules->place - VALUE_OUT)]);
    }
    return refused;
}
