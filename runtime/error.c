// SPDX-License-Identifier: MIT
//
// Sentences of errors.def.
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
