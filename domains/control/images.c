// SPDX-License-Identifier: MIT
//
// Upgrades for the operator (docs/recovery.md). An image comes over the line in pieces, into the buffer "images" of the manifest; the kernel copies it from
// there, checks it, and starts it when told to. What the buffer holds stays, so of the next image only the blocks need come that are others.
//
//   image sums BLOCK COUNT | image put OFFSET BASE64 | image check DOMAIN SIZE NAME | image start DOMAIN | image info DOMAIN
#include <stdlib.h>
#include <string.h>

#include "bulkhead/domain.h"
#include "images.h"
#include "kernel.h"
#include "line.h"

#define BLOCK 1024u
#define SUMS_MAX 1024
#define CHECK_NS 60000000000ull // for the largest image on a busy machine

static bh_cap images_cap, buffer_cap, checked;
static uint8_t *buffer; // NULL: not opened yet
static uint64_t buffer_size;

// 0: there is none.
static void say_build_or_null(uint64_t build) {
    if (build)
        say("\"%016llx\"", (unsigned long long)build);
    else
        say("null");
}

void say_build(uint32_t domain) {
    struct bh_image_info info = {};
    if ((images_cap || bh_cap_find("images", &images_cap) == BH_OK) && images_info(images_cap, domain, &info))
        info.build = 0;
    say_build_or_null(info.build);
}

static bool open_buffer(void) {
    void *address;
    uint64_t size;
    if (buffer)
        return true;
    if (bh_cap_find("images", &images_cap) || bh_cap_find("image-buffer", &buffer_cap) || (!checked && bh_event_create(&checked)) ||
        bh_buffer_open(buffer_cap, BH_RIGHT_READ | BH_RIGHT_WRITE, &address, &size)) {
        refuse("the manifest grants the control domain no capability \"images\", or no buffer \"image-buffer\"");
        return false;
    }
    buffer = address;
    buffer_size = size;
    return true;
}

static int digit(char letter) {
    if (letter >= 'A' && letter <= 'Z')
        return letter - 'A';
    if (letter >= 'a' && letter <= 'z')
        return letter - 'a' + 26;
    if (letter >= '0' && letter <= '9')
        return letter - '0' + 52;
    return letter == '+' ? 62 : letter == '/' ? 63 : -1;
}

// Bytes in groups of three; only the last group may be shorter.
static void do_put(const char *offset_word, const char *text) {
    uint64_t at = strtoull(offset_word, NULL, 10), length = strlen(text);
    uint32_t word = 0, bits = 0;
    while (length && text[length - 1] == '=')
        length--;
    if (at > buffer_size || length * 3 / 4 > buffer_size - at) {
        refuse("an image has at most %llu bytes here", (unsigned long long)buffer_size);
        return;
    }
    for (uint64_t i = 0; i < length; i++) {
        int value = digit(text[i]);
        if (value < 0) {
            refuse("that is no base64");
            return;
        }
        word = word << 6 | (uint32_t)value;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            buffer[at++] = (uint8_t)(word >> bits);
        }
    }
    say("{\"ok\":true,\"end\":%llu}", (unsigned long long)at);
}

// FNV-1a by words, of each of some blocks of the buffer.
static void do_sums(const char *first_word, const char *count_word) {
    uint64_t first = strtoull(first_word, NULL, 10), count = strtoull(count_word, NULL, 10), blocks = buffer_size / BLOCK;
    if (first > blocks || count > blocks - first || count > SUMS_MAX) {
        refuse("there are %llu blocks, and at most %d sums at a time", (unsigned long long)blocks, SUMS_MAX);
        return;
    }
    say("{\"ok\":true,\"sums\":\"");
    for (uint64_t block = first; block < first + count; block++) {
        const uint64_t *words = (const uint64_t *)(buffer + block * BLOCK);
        uint64_t sum = 0xcbf29ce484222325ull;
        for (uint32_t i = 0; i < BLOCK / sizeof(*words); i++)
            sum = (sum ^ words[i]) * 0x100000001b3ull;
        say("%016llx", (unsigned long long)sum);
    }
    say("\"}");
}

// The kernel, domain 0, has a name too.
static bool find_replaceable(const char *name, uint32_t *id) {
    if (!find_domain(name, id))
        return false;
    if (!*id)
        refuse("%s is no domain: boot another kernel", name);
    return *id;
}

static void do_check(const char *name, const char *size, const char *file) {
    struct bh_image_verdict verdict;
    uint32_t id;
    if (!find_replaceable(name, &id))
        return;
    enum bh_error error = images_offer(images_cap, id, strtoull(size, NULL, 10), file, buffer_cap, checked);
    if (!error)
        error = bh_event_wait(checked, bh_time_ns() + CHECK_NS);
    if (!error)
        error = images_verdict(images_cap, &verdict);
    if (error)
        answer("image", error);
    else if (verdict.error)
        refuse("%s", verdict.why);
    else
        say("{\"ok\":true,\"build\":\"%016llx\",\"instructions\":%u,\"functions\":%u}", (unsigned long long)verdict.build, verdict.instructions,
            verdict.functions);
}

static void do_start(const char *name) {
    uint32_t id;
    if (find_replaceable(name, &id))
        answer("upgrade", images_upgrade(images_cap, id)); // not answered when it is this domain
}

static void do_info(const char *name) {
    struct bh_image_info info;
    uint32_t id;
    if (!find_replaceable(name, &id))
        return;
    enum bh_error error = images_info(images_cap, id, &info);
    if (error) {
        answer("image", error);
        return;
    }
    say("{\"ok\":true,\"name\":");
    say_string(info.name, sizeof(info.name));
    say(",\"build\":\"%016llx\",\"previous\":", (unsigned long long)info.build);
    say_build_or_null(info.previous);
    say(",\"refused\":");
    say_build_or_null(info.refused);
    say(",\"upgrades\":%u,\"rollbacks\":%u,\"fixed\":%s}", info.upgrades, info.rollbacks, info.fixed ? "true" : "false");
}

bool images_execute(char **words, int count) {
    if (strcmp(words[0], "image") != 0 || count < 3)
        return false;
    const char *verb = words[1];
    bool sums = strcmp(verb, "sums") == 0 && count == 4, put_it = strcmp(verb, "put") == 0 && count == 4, check = strcmp(verb, "check") == 0 && count == 5;
    bool start = strcmp(verb, "start") == 0 && count == 3, info = strcmp(verb, "info") == 0 && count == 3;
    if (!sums && !put_it && !check && !start && !info)
        return false;
    if (!open_buffer())
        return true;
    if (sums)
        do_sums(words[2], words[3]);
    else if (put_it)
        do_put(words[2], words[3]);
    else if (check)
        do_check(words[2], words[3], words[4]);
    else if (start)
        do_start(words[2]);
    else
        do_info(words[2]);
    return true;
}
