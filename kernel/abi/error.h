// SPDX-License-Identifier: MIT
//
// Error codes, shared by kernel, domains and tools. 0 is success, errors are negative.
#ifndef BH_ABI_ERROR_H
#define BH_ABI_ERROR_H

#include <stdint.h>

#define ERROR(name, number, sentence, hint) BH_##name = number,
enum [[nodiscard]] bh_error : int32_t {
#include "errors.def"
};
#undef ERROR

#endif
