// SPDX-License-Identifier: MIT
//
// What is left of domains that died. The kernel writes one death into the buffer "cores" of the manifest and signals the event on which the line is
// read; from there it is copied into this domain's heap, the last death of each domain, and the buffer is offered again. When there is no room
// for another, the oldest goes.
#include <stdlib.h>
#include <string.h>

#include "bulkhead/domain.h"
#include "kernel/abi/core.h"
#include "line.h"
#include "tracing.h"

#define CORES_MAX 16
#define PIECE 12288u // bytes of an answer

struct core {
    struct bh_core *bytes; // NULL: free
    uint64_t serial;       // lower: older
};

static bh_cap line_event, trace_cap, buffer_cap;
static const struct bh_core *buffer;
static uint64_t buffer_size;
static struct core kept[CORES_MAX];
static uint64_t serial;
static uint32_t dropped; // deaths for which there was no memory
static bool keeping;

void cores_start(bh_cap interrupt) {
    line_event = interrupt;
}

static enum bh_error offer(void) {
    return trace_keep_cores(trace_cap, buffer_cap, line_event);
}

static enum bh_error open_buffer(void) {
    void *address;
    enum bh_error error = bh_cap_find("trace", &trace_cap);
    if (!error)
        error = bh_cap_find("cores", &buffer_cap);
    if (!error)
        error = bh_buffer_open(buffer_cap, BH_RIGHT_READ, &address, &buffer_size);
    if (error)
        return error;
    buffer = address;
    return BH_OK;
}

static struct core *find(const char *name) {
    for (struct core *core = kept; core < kept + CORES_MAX; core++)
        if (core->bytes && strncmp(core->bytes->name, name, sizeof(core->bytes->name)) == 0)
            return core;
    return NULL;
}

static void forget(struct core *core) {
    free(core->bytes);
    *core = (struct core){0};
}

static struct core *oldest(void) {
    struct core *found = NULL;
    for (struct core *core = kept; core < kept + CORES_MAX; core++)
        if (core->bytes && (!found || core->serial < found->serial))
            found = core;
    return found;
}

static struct core *free_place(void) {
    for (struct core *core = kept; core < kept + CORES_MAX; core++)
        if (!core->bytes)
            return core;
    struct core *core = oldest();
    forget(core);
    return core;
}

static void keep(void) {
    struct core *old = find(buffer->name);
    if (old)
        forget(old);
    struct core *place = free_place();
    void *copy = malloc(buffer->size);
    while (!copy && oldest()) {
        forget(oldest());
        copy = malloc(buffer->size);
    }
    if (!copy) {
        dropped++;
        return;
    }
    memcpy(copy, buffer, buffer->size);
    *place = (struct core){copy, ++serial};
}

void cores_collect(void) {
    static uint64_t last; // time of the death that was taken
    if (!keeping || buffer->magic != BH_CORE_MAGIC || buffer->time_ns == last)
        return;
    last = buffer->time_ns;
    if (buffer->size <= buffer_size)
        keep();
    enum bh_error error = offer();
    if (error)
        bh_warn("the next death will not be kept: %s", bh_strerror(error));
}

static void do_switch(bool on) {
    enum bh_error error = buffer ? BH_OK : open_buffer();
    if (error == BH_ENOENT) {
        refuse("the manifest grants the control domain no buffer \"cores\", or no capability \"trace\"");
        return;
    }
    if (!error)
        error = on ? offer() : trace_forget_cores(trace_cap);
    keeping = on && !error;
    answer("cores", error);
}

static void do_list(void) {
    const char *comma = "";
    say("{\"ok\":true,\"keeping\":%s,\"dropped\":%u,\"cores\":[", keeping ? "true" : "false", dropped);
    for (const struct core *core = kept; core < kept + CORES_MAX; core++) {
        if (!core->bytes)
            continue;
        say("%s{\"name\":", comma);
        say_string(core->bytes->name, sizeof(core->bytes->name));
        say(",\"size\":%llu,\"left_out\":%llu,\"time_ns\":%llu,\"generation\":%u}", (unsigned long long)core->bytes->size,
            (unsigned long long)core->bytes->left_out, (unsigned long long)core->bytes->time_ns, core->bytes->generation);
        comma = ",";
    }
    say("]}");
}

static void do_core(const char *name, const char *offset_word) {
    const struct core *core = find(name);
    uint64_t offset = strtoull(offset_word, NULL, 10);
    if (!core) {
        refuse("nothing is kept of a death of \"%s\"%s", name, keeping ? "" : "; `bhctl core --keep on' keeps what comes from then on");
        return;
    }
    if (offset > core->bytes->size)
        offset = core->bytes->size;
    uint64_t size = core->bytes->size - offset;
    say("{\"ok\":true,\"size\":%llu,\"data\":\"", (unsigned long long)core->bytes->size);
    say_base64((const uint8_t *)core->bytes + offset, size < PIECE ? size : PIECE);
    say("\"}");
}

bool cores_execute(char **words, int count) {
    if (strcmp(words[0], "cores") == 0 && count == 1)
        do_list();
    else if (strcmp(words[0], "cores") == 0 && count == 2 && (strcmp(words[1], "on") == 0 || strcmp(words[1], "off") == 0))
        do_switch(words[1][1] == 'n');
    else if (strcmp(words[0], "core") == 0 && count == 3)
        do_core(words[1], words[2]);
    else
        return false;
    return true;
}
