// SPDX-License-Identifier: MIT
//
// What the manifest tells this domain: [domain.NAME.settings], read through the capability "settings".
#ifndef BULKHEAD_SETTINGS_H
#define BULKHEAD_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/error.h"

#define BH_SETTING_SIZE 480 // bytes with which every setting has room, its end included

// Setting `key` as text. False, and `value` as before, when there is none, or none is granted; a text that has no room in `size` bytes is not given
// either, which the log says.
bool bh_setting(const char *key, char *value, size_t size);
// Setting `key` as a number in decimal; one that is not given leaves *value as before. BH_ERANGE (logged): it is no number from `least` to `most`.
enum bh_error bh_setting_number(const char *key, uint64_t least, uint64_t most, uint64_t *value);

#endif
