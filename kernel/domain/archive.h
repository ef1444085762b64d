// SPDX-License-Identifier: MIT
//
// The boot archive (kernel/abi/manifest.h): checked, then turned into domains, ports, rings, buffers and grants.
#ifndef BH_ARCHIVE_INTERNAL_H
#define BH_ARCHIVE_INTERNAL_H

#include <stddef.h>
#include <stdint.h>
#include "kernel/abi/error.h"

struct domain;

// Check the archive whole, build the system that it describes, and start its domains. Logged when refused.
enum bh_error archive_start_system(const void *bytes, size_t size);
// The value of a setting of `domain`; NULL when there is none. Borrowed for ever.
const char *archive_option(const struct domain *domain, const char *key);

#endif
