// SPDX-License-Identifier: MIT
//
// Calls of any method for the operator, by the tables that bhidl generates (bulkhead/call_table.h), of ports that the manifest grants to this domain.
// The arguments come over the line as codegen/bhidl/client.py packs them, in the order of the parameters:
//
//   in           a scalar as 8 bytes, a struct or string as it is, optional: a byte and the value; bytes: 2 bytes of length, then they
//   cap          a byte of length and the name of a capability that the manifest grants, or #N, one that an earlier call returned
//   move, lend   2 bytes of length and what is in the buffer: one is made for the call
//
// Results go back likewise, a scalar as 8 bytes; of a lent buffer what is in it now, of a capability its number: the last RETURNED_MAX are kept. The
// bytes are hostile: they are taken apart against their length here, and it is the proxy that judges values.
#include "call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bulkhead/call_table.h"
#include "bulkhead/domain.h"
#include "line.h"

enum { WORDS = 5, AREA_MAX = 24576, DATA_MAX = 22000, BUFFER_MAX = 4096, RETURNED_MAX = 8 };

// One call. `memory` of each word that is an address, `caps` of each that is a buffer made for it.
struct call {
    uint64_t words[WORDS], value;
    uint8_t *memory[WORDS];
    bh_cap buffers[WORDS];
    uint16_t buffer_sizes[WORDS];
    const char *trouble; // what is wrong with the arguments
};

static uint8_t data[DATA_MAX];
static uint32_t data_size, data_at;
static _Alignas(16) uint8_t area[AREA_MAX];
static uint32_t area_used;
static bh_cap returned[RETURNED_MAX];
static uint32_t returned_next;

// ---- arguments

static bool read_hex(const char *text) {
    size_t size = strcmp(text, "-") == 0 ? 0 : strlen(text);
    if (size % 2 || size / 2 > sizeof(data) || strspn(text, "0123456789abcdef") < size)
        return false;
    data_at = 0;
    data_size = (uint32_t)size / 2;
    for (uint32_t i = 0; i < data_size; i++)
        data[i] = (uint8_t)strtoul((char[3]){text[2 * i], text[2 * i + 1]}, NULL, 16);
    return true;
}

// NULL, and trouble, when there are not so many left.
static const void *take(struct call *call, uint32_t size) {
    if (size > data_size - data_at) {
        call->trouble = "the arguments are too short";
        return NULL;
    }
    data_at += size;
    return data + data_at - size;
}

// To memory that has room for them.
static void take_to(struct call *call, void *to, uint32_t size) {
    const void *bytes = take(call, size);
    if (!call->trouble)
        memcpy(to, bytes, size);
}

// The length in front of bytes, at most `most`.
static uint16_t take_length(struct call *call, uint32_t most) {
    uint16_t length = 0;
    take_to(call, &length, sizeof(length));
    if (length > most)
        call->trouble = "there are more bytes than the method takes";
    return call->trouble ? 0 : length;
}

// Zeroed memory for a parameter behind `word`.
static uint8_t *place(struct call *call, uint8_t word, uint32_t size) {
    uint8_t *memory = area + area_used;
    size = (size + 15) & ~15u;
    if (size > sizeof(area) - area_used) {
        call->trouble = "the parameters take more memory than control has";
        return area;
    }
    memset(memory, 0, size);
    area_used += size;
    call->memory[word] = memory;
    call->words[word] = (uint64_t)memory;
    return memory;
}

static enum bh_error find_cap(const char *name, bh_cap *cap) {
    *cap = (bh_cap)strtoul(name + 1, NULL, 10);
    return name[0] == '#' ? BH_OK : bh_cap_find(name, cap);
}

static void take_cap(struct call *call, uint8_t word) {
    char name[BH_CAP_NAME_SIZE] = "";
    bh_cap cap = BH_CAP_NONE;
    uint8_t length = 0;
    take_to(call, &length, 1);
    if (length >= sizeof(name)) {
        call->trouble = "the name of a capability is too long";
        return;
    }
    take_to(call, name, length);
    if (!call->trouble && find_cap(name, &cap))
        call->trouble = "control holds no capability of the name that was given";
    call->words[word] = cap;
}

static void take_buffer(struct call *call, uint8_t word) {
    void *address;
    uint16_t length = take_length(call, BUFFER_MAX);
    const void *contents = take(call, length);
    if (call->trouble)
        return;
    if (bh_buffer_alloc(BUFFER_MAX, &call->buffers[word], &address)) {
        call->trouble = "no buffer could be made";
        return;
    }
    memcpy(address, contents, length);
    call->words[word] = call->buffers[word];
    call->buffer_sizes[word] = length;
}

static void prepare(struct call *call, const struct call_parameter *one) {
    uint8_t *memory;
    switch (one->way) {
    case CALL_WORD_IN:
        take_to(call, &call->words[one->word], 8);
        break;
    case CALL_MEMORY_IN:
        memory = place(call, one->word, one->size);
        take_to(call, memory, one->size);
        break;
    case CALL_OPTIONAL_IN:
        memory = place(call, one->word, 8 + one->size);
        take_to(call, memory, 1);
        take_to(call, memory + 8, one->size);
        break;
    case CALL_BYTES_IN:
        call->words[one->word + 1] = take_length(call, one->size);
        memory = place(call, one->word, one->size);
        take_to(call, memory, (uint32_t)call->words[one->word + 1]);
        break;
    case CALL_WORD_OUT:
    case CALL_MEMORY_OUT:
    case CALL_OPTIONAL_OUT:
    case CALL_BYTES_OUT:
        (void)place(call, one->word, 8 + one->size);
        break;
    case CALL_CAP:
        take_cap(call, one->word);
        break;
    case CALL_MOVE:
    case CALL_LEND:
        take_buffer(call, one->word);
        break;
    default:
        break;
    }
}

// ---- results

static void say_counted(const void *bytes, uint64_t size, uint32_t most) {
    uint16_t length = (uint16_t)(size < most ? size : most);
    say_hex(&length, sizeof(length));
    say_hex(bytes, length);
}

static void say_lent(const struct call *call, uint8_t word) {
    void *address;
    bool mapped = bh_buffer_map(call->buffers[word], BH_RIGHT_READ, &address) == BH_OK;
    say_counted(mapped ? address : NULL, mapped ? call->buffer_sizes[word] : 0, BUFFER_MAX);
}

static void keep_returned(bh_cap cap) {
    bh_cap *slot = &returned[returned_next++ % RETURNED_MAX];
    if (*slot)
        (void)bh_cap_drop(*slot);
    *slot = cap;
    say_hex(&cap, sizeof(cap));
}

static void say_result(const struct call *call, const struct call_parameter *one) {
    const uint8_t *memory = call->memory[one->word];
    if (one->way == CALL_RESULT)
        say_hex(&call->value, 8);
    else if (one->way == CALL_WORD_OUT)
        say_hex(memory, 8);
    else if (one->way == CALL_MEMORY_OUT)
        say_hex(memory, one->size);
    else if (one->way == CALL_OPTIONAL_OUT) {
        say_hex(memory, 1);
        say_hex(memory + 8, one->size);
    } else if (one->way == CALL_BYTES_OUT)
        say_counted(memory + 8, *(const uint64_t *)memory, one->size);
    else if (one->way == CALL_CAP_OUT)
        keep_returned((bh_cap)call->value);
    else if (one->way == CALL_LEND)
        say_lent(call, one->word);
}

// What was made for the call. A moved buffer is gone, unless the call was refused.
static void clean_up(const struct call *call) {
    struct bh_cap_info info;
    for (uint32_t word = 0; word < WORDS; word++)
        if (call->buffers[word] && bh_cap_list(call->buffers[word], &info) == BH_OK && info.index == call->buffers[word])
            (void)bh_cap_drop(call->buffers[word]);
}

static void make_call(const struct call_interface *interface, uint32_t number, bh_cap target) {
    struct call call = {0};
    const struct call_parameter *parameters = interface->methods[number].parameters;
    area_used = 0;
    for (const struct call_parameter *one = parameters; one->way != CALL_END && !call.trouble; one++)
        prepare(&call, one);
    if (!call.trouble && data_at != data_size)
        call.trouble = "the arguments are too long";
    if (call.trouble) {
        refuse("call of %s: %s", interface->name, call.trouble);
    } else {
        struct bh_result result = interface->call(number, target, call.words);
        call.value = result.value;
        say("{\"ok\":true,\"error\":%d,\"data\":\"", result.error);
        for (const struct call_parameter *one = parameters; one->way != CALL_END && !result.error; one++)
            say_result(&call, one);
        say("\"}");
    }
    clean_up(&call);
}

// ---- commands

void do_port(const char *name) {
    struct bh_cap_info info;
    bh_cap cap = BH_CAP_NONE;
    if (find_cap(name, &cap) || bh_cap_list(cap, &info) || info.index != cap || info.type < BH_CAP_PORT) {
        refuse("control holds no port \"%s\"; grant it one in the manifest", name);
        return;
    }
    say("{\"ok\":true,\"interface\":%u}", info.type - BH_CAP_PORT);
}

void do_call(const char *port, const char *interface, const char *fingerprint, const char *method, const char *arguments) {
    const struct call_interface *one = call_interfaces;
    uint32_t id = (uint32_t)strtoul(interface, NULL, 10), number = (uint32_t)strtoul(method, NULL, 10);
    bh_cap target;
    while (one->name && one->id != id)
        one++;
    if (!one->name)
        refuse("there is no interface %u", id);
    else if (strtoull(fingerprint, NULL, 16) != one->fingerprint)
        refuse("interface %s has fingerprint %016llx here: the client was generated from another definition", one->name, (unsigned long long)one->fingerprint);
    else if (number >= one->method_count)
        refuse("interface %s has %u methods, there is no number %u", one->name, one->method_count, number);
    else if (find_cap(port, &target))
        refuse("control holds no port \"%s\"; grant it one in the manifest", port);
    else if (!read_hex(arguments))
        refuse("the arguments are no bytes in hexadecimal, or more than %d", DATA_MAX);
    else
        make_call(one, number, target);
}
