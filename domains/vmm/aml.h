// SPDX-License-Identifier: MIT
//
// A small encoder for ACPI machine language: names, integers, packages, buffers, nested scopes. Source: ACPI 6.4, 20.
#ifndef VMM_AML_H
#define VMM_AML_H

#include <stdbool.h>
#include <stdint.h>

#define AML_DEPTH 6

// `overflow` is set when the buffer is too small; nothing is written past its end.
struct aml {
    uint8_t *data;
    uint32_t size, limit;
    bool overflow;
    uint32_t open[AML_DEPTH]; // where the length fields of open scopes are
    uint32_t depth;
};

void aml_byte(struct aml *aml, uint32_t value);
void aml_bytes(struct aml *aml, const void *data, uint32_t size);
void aml_integer(struct aml *aml, uint64_t value);
void aml_name(struct aml *aml, const char path[4]); // Name (path, ...): the value follows
// Open and close what has a length: DefScope, DefDevice, DefPackage, DefBuffer. `path` may start with a backslash.
void aml_scope(struct aml *aml, const char *path);
void aml_device(struct aml *aml, const char path[4]);
void aml_package(struct aml *aml, uint32_t count);
void aml_resources(struct aml *aml); // Buffer for resource descriptors
void aml_close(struct aml *aml);
void aml_close_resources(struct aml *aml); // adds the end tag

#endif
