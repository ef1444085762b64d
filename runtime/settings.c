// SPDX-License-Identifier: MIT
//
// Settings of the manifest, as text and as numbers.
#include "bulkhead/settings.h"

#include <stdlib.h>
#include <string.h>

#include "bulkhead/domain.h"
#include "kernel.h"

bool bh_setting(const char *key, char *value, size_t size) {
    char text[BH_SETTING_SIZE];
    bh_cap settings;
    if (bh_cap_find("settings", &settings) || settings_get(settings, key, text))
        return false;
    size_t length = strnlen(text, sizeof(text));
    if (length >= size) {
        bh_warn("setting %s has %zu characters, and %zu are the most: it is not used", key, length, size - 1);
        return false;
    }
    memcpy(value, text, length);
    value[length] = 0;
    return true;
}

enum bh_error bh_setting_number(const char *key, uint64_t least, uint64_t most, uint64_t *value) {
    char text[BH_SETTING_SIZE], *end;
    if (!bh_setting(key, text, sizeof(text)))
        return BH_OK;
    uint64_t number = strtoull(text, &end, 10);
    if (!*text || *end || number < least || number > most) {
        bh_error_log("setting %s = \"%s\" is not between %llu and %llu", key, text, (unsigned long long)least, (unsigned long long)most);
        return BH_ERANGE;
    }
    *value = number;
    return BH_OK;
}
