// SPDX-License-Identifier: MIT
//
// A shadow stands between the clients of a port and its server. What differs from interface to interface is generated (codegen/bhidl/
// emit_interpose.c); this is what they share. docs/shadow-domains.md says what it is for.
#ifndef SHADOW_PASS_H
#define SHADOW_PASS_H

#include <stdio.h>

#include <bulkhead/domain.h>

#include "bulkhead/call_table.h"
#include "shadow.h" // the interface

enum { SHADOW_IDEMPOTENT = 1, SHADOW_REPLAY = 2, SHADOW_WORDS = 5 };

struct shadow_method {
    const char *name;
    unsigned flags;
    struct bh_result (*call)(uint64_t target, const uint64_t words[SHADOW_WORDS]);
    const char *(*requires)(const uint64_t words[SHADOW_WORDS], uint64_t value); // NULL: nothing; the text of the first that is broken
    const char *(*ensures)(const uint64_t words[SHADOW_WORDS], uint64_t value);
    struct call_parameter parameters[12]; // CALL_END behind the last
};

struct shadow_interface {
    const char *name;
    uint32_t method_count;
    const struct shadow_method *methods;
    enum bh_error (*serve)(const char *port);
    bool (*trace_call)(FILE *out, uint32_t method, const uint64_t words[SHADOW_WORDS], const uint8_t *const memory[SHADOW_WORDS]);
    bool (*trace_back)(FILE *out, uint32_t method, int32_t error, uint64_t value, const uint64_t words[SHADOW_WORDS],
                       const uint8_t *const memory[SHADOW_WORDS]);
};
extern const struct shadow_interface shadow_interface; // the one of this image

extern bh_cap shadow_target;           // the server
extern volatile uint32_t shadow_mode;  // enum bh_shadow_mode; 0: the generated half passes calls on by itself

// One call: what its mode says, and to the server. `words` as they came from the proxy.
struct bh_result shadow_call(uint32_t number, const uint64_t words[SHADOW_WORDS]);

// settings.c: what the operator wants, and what was counted.
enum bh_error settings_start(void); // from the manifest's settings; serves the interface Shadow
struct bh_shadow_settings settings_now(void);
enum shadow_count { COUNT_CALLS, COUNT_FAILED, COUNT_INJECTED, COUNT_BROKEN, COUNT_REPEATED, COUNTS };
void settings_count(uint32_t number, enum shadow_count what);
void settings_measured(uint32_t number, uint64_t ticks);

// inject.c: the call, with what the settings say of faults. `injected` is set when this call gets one.
struct bh_result inject_call(uint32_t number, const uint64_t words[SHADOW_WORDS], const struct bh_shadow_settings *settings);

// replay.c: the call, for a server that may be dead or die.
enum bh_error replay_start(void);
struct bh_result replay_call(uint32_t number, const uint64_t words[SHADOW_WORDS], uint64_t wait_ns);

// Parameters that take a word of their own and are an address on our side.
static inline bool is_memory(enum call_way way) {
    return way == CALL_MEMORY_IN || way == CALL_OPTIONAL_IN || way == CALL_BYTES_IN || way == CALL_WORD_OUT || way == CALL_MEMORY_OUT ||
           way == CALL_OPTIONAL_OUT || way == CALL_BYTES_OUT;
}

#endif
