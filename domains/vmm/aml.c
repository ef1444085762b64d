// SPDX-License-Identifier: MIT
//
// AML encoder. Lengths are written as two-byte package lengths when a scope closes: no scope here is longer than 4095.
#include "aml.h"

#include <string.h>

#define OP_NAME 0x08
#define OP_BYTE 0x0a
#define OP_WORD 0x0b
#define OP_DWORD 0x0c
#define OP_SCOPE 0x10
#define OP_BUFFER 0x11
#define OP_PACKAGE 0x12
#define OP_EXTENDED 0x5b
#define OP_DEVICE 0x82
#define LENGTH_MAX 0xfff

void aml_byte(struct aml *aml, uint32_t value) {
    if (aml->size == aml->limit)
        aml->overflow = true;
    else
        aml->data[aml->size++] = (uint8_t)value;
}

void aml_bytes(struct aml *aml, const void *data, uint32_t size) {
    const uint8_t *bytes = data;
    for (uint32_t i = 0; i < size; i++)
        aml_byte(aml, bytes[i]);
}

void aml_integer(struct aml *aml, uint64_t value) {
    uint32_t size = value <= 0xff ? 1 : value <= 0xffff ? 2 : 4;
    if (value <= 1) {
        aml_byte(aml, (uint32_t)value);
        return;
    }
    aml_byte(aml, size == 1 ? OP_BYTE : size == 2 ? OP_WORD : OP_DWORD);
    for (uint32_t i = 0; i < size; i++)
        aml_byte(aml, (uint32_t)(value >> i * 8));
}

void aml_name(struct aml *aml, const char path[4]) {
    aml_byte(aml, OP_NAME);
    aml_bytes(aml, path, 4);
}

static void open(struct aml *aml) {
    if (aml->depth == AML_DEPTH) {
        aml->overflow = true;
        return;
    }
    aml->open[aml->depth++] = aml->size;
    aml_byte(aml, 0);
    aml_byte(aml, 0);
}

void aml_close(struct aml *aml) {
    if (!aml->depth || aml->overflow)
        return;
    uint32_t at = aml->open[--aml->depth], length = aml->size - at;
    if (length > LENGTH_MAX) {
        aml->overflow = true;
        return;
    }
    aml->data[at] = (uint8_t)(0x40 | (length & 15)); // one more byte follows
    aml->data[at + 1] = (uint8_t)(length >> 4);
}

void aml_scope(struct aml *aml, const char *path) {
    aml_byte(aml, OP_SCOPE);
    open(aml);
    aml_bytes(aml, path, (uint32_t)strlen(path));
}

void aml_device(struct aml *aml, const char path[4]) {
    aml_byte(aml, OP_EXTENDED);
    aml_byte(aml, OP_DEVICE);
    open(aml);
    aml_bytes(aml, path, 4);
}

void aml_package(struct aml *aml, uint32_t count) {
    aml_byte(aml, OP_PACKAGE);
    open(aml);
    aml_byte(aml, count);
}

// The buffer's size is a word constant that is filled in at the end.
void aml_resources(struct aml *aml) {
    aml_byte(aml, OP_BUFFER);
    open(aml);
    aml_byte(aml, OP_WORD);
    aml_byte(aml, 0);
    aml_byte(aml, 0);
}

void aml_close_resources(struct aml *aml) {
    aml_byte(aml, 0x79); // end tag
    aml_byte(aml, 0);
    if (!aml->depth || aml->overflow)
        return;
    uint32_t at = aml->open[aml->depth - 1] + 3, size = aml->size - at - 2;
    aml->data[at] = (uint8_t)size;
    aml->data[at + 1] = (uint8_t)(size >> 8);
    aml_close(aml);
}
