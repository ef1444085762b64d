// SPDX-License-Identifier: MIT
//
// A terminal's user: repeats each line that is typed, in capitals, and knows two commands, `random BYTES` and `off`. Its terminal is the Console of the manifest; its
// random bytes come from getrandom() in pieces of all sizes, from two threads at once, and are checked for repetitions before their sum is printed.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "console.h"
#include "entropy.h"
#include "tests/domains/expect.h"

#define LINE 4000
#define RANDOM_MAX (256u << 10)
#define BLOCK 16u
#define RETRY_NS 1000000ull

bh_cap system_cap;
static bh_cap console, typed, helped;
static uint8_t bytes[2][RANDOM_MAX];
static uint32_t wanted;

// ---- the terminal, whatever becomes of its driver

static void say(const char *text, size_t size) {
    for (size_t done = 0; done < size; done += 512) {
        uint32_t piece = size - done < 512 ? (uint32_t)(size - done) : 512;
        enum bh_error error;
        while ((error = console_write(console, text + done, piece)) == BH_EDEAD)
            bh_sleep_for(RETRY_NS);
        EXPECT_OK(error);
    }
}

// By turns both ways to take what was typed.
static enum bh_error take_typed(char *piece, uint32_t *size) {
    static bool turn;
    turn = !turn;
    if (turn)
        return console_read(console, piece, size);
    enum bh_error error = console_peek(console, piece, size);
    return error || !*size ? error : console_drop(console, *size);
}

static char next_byte(void) {
    static char piece[512];
    static uint32_t size, taken;
    enum bh_error error;
    while (taken == size) {
        size = taken = 0;
        while ((error = take_typed(piece, &size)) == BH_EDEAD || (!error && !size && (error = console_watch_input(console, typed)) == BH_EDEAD))
            bh_sleep_for(RETRY_NS);
        EXPECT_OK(error);
        if (!size) // a driver that dies wakes nobody who waits for it: look again now and then
            (void)bh_event_wait(typed, bh_time_ns() + 100 * RETRY_NS);
    }
    return piece[taken++];
}

// ---- random bytes

static void draw(uint8_t *to) {
    uint32_t done = 0, size = 1;
    while (done < wanted) {
        uint32_t piece = size < wanted - done ? size : wanted - done;
        ssize_t got = getrandom(to + done, piece, 0);
        EXPECT(got > 0 && (uint32_t)got <= piece, "getrandom of %u bytes says %zd", piece, got);
        done += (uint32_t)got;
        size = size * 7 % 1500 + 1;
    }
}

static void help_draw(uint64_t unused) {
    (void)unused;
    draw(bytes[1]);
    EXPECT_OK(bh_event_signal(helped));
    bh_thread_exit();
}

static int compare(const void *a, const void *b) {
    return memcmp(a, b, BLOCK);
}

static void random_bytes(void) {
    char text[100];
    uint32_t ones = 0, count = 2 * wanted;
    static uint8_t all[2 * RANDOM_MAX];
    EXPECT_OK(bh_thread_create(help_draw, 0, BH_PRIORITY_SAME));
    draw(bytes[0]);
    EXPECT_OK(bh_event_wait(helped, 0));
    memcpy(all, bytes[0], wanted);
    memcpy(all + wanted, bytes[1], wanted);
    for (uint32_t i = 0; i < count; i++)
        ones += (uint32_t)__builtin_popcount(all[i]);
    qsort(all, count / BLOCK, BLOCK, compare);
    for (uint32_t i = 1; i < count / BLOCK; i++)
        EXPECT(memcmp(all + (i - 1) * BLOCK, all + i * BLOCK, BLOCK), "16 random bytes came twice");
    snprintf(text, sizeof(text), "%u random bytes, %u bits of 1000 are set\n", count, (uint32_t)(ones * 1000ull / (8ull * count)));
    say(text, strlen(text));
}

static void obey(char *line, size_t size) {
    if (strncmp(line, "random ", 7) == 0) {
        wanted = (uint32_t)strtoul(line + 7, NULL, 10);
        EXPECT(wanted >= BLOCK && wanted <= RANDOM_MAX && wanted % BLOCK == 0, "random %u", wanted);
        random_bytes();
        return;
    }
    if (strcmp(line, "off\n") == 0)
        (void)system_power_off(system_cap, 0);
    for (size_t i = 0; i < size; i++)
        line[i] = (char)toupper(line[i]);
    say(line, size);
}

int main(void) {
    static char line[LINE + 1];
    uint8_t probe[BH_ENTROPY_MAX];
    uint32_t size;
    bh_cap entropy;
    EXPECT_OK(bh_cap_find("system", &system_cap));
    EXPECT_OK(bh_cap_find("console", &console));
    EXPECT_OK(bh_cap_find("entropy", &entropy));
    EXPECT_OK(bh_event_create(&typed));
    EXPECT_OK(bh_event_create(&helped));
    enum bh_error error;
    for (uint64_t until = bh_time_ns() + BH_SERVER_WAIT_NS; (error = entropy_read(entropy, 0, probe, &size)) == BH_EDEAD && bh_time_ns() < until;)
        bh_sleep_for(RETRY_NS);
    EXPECT_ERROR(error, BH_ERANGE);
    EXPECT_ERROR(entropy_read(entropy, BH_ENTROPY_MAX + 1, probe, &size), BH_ERANGE);
    EXPECT(getentropy(probe, 257) && !getentropy(probe, 256), "getentropy does not keep to its limit");
    say("ready\n", 6);
    for (size_t length = 0;;) {
        line[length++] = next_byte();
        if (line[length - 1] != '\n' && length < LINE)
            continue;
        line[length] = 0;
        obey(line, length);
        length = 0;
    }
}
