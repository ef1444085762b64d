// SPDX-License-Identifier: MIT
//
// Sentences of errors.def and crash.def.
#include "bulkhead/domain.h"

#define ERROR(name, number, sentence, hint)                                                        \
    case BH_##name:                                                                                \
        return sentence;
const char *bh_strerror(enum bh_error error) {
    switch (error) {
#include "kernel/abi/errors.def"
    }
    return "unknown error";
}

const char *bh_crash_cause_name(uint32_t cause) {
    static const char *const names[] = {
#define CAUSE(name, number, words) [number] = words,
#include "kernel/abi/crash.def"
#undef CAUSE
    };
    return cause < sizeof(names) / sizeof(*names) ? names[cause] : "?";
}
