// SPDX-License-Identifier: MIT
//
// The network part of a campaign's load: streams of records, of which the receiver knows each byte beforehand (tools/campaign/peer.py is the other end).
//
// The host connects to PORT, as often as it likes, and says by a letter, which is sent back, what a connection is for:
//   g   the host gives records
//   t   it takes some, a few at a time
//   a   it answers each record with one: the time of it is what a client would wait
// A record is a head and some bytes of a pattern; both follow from the stream's number and the record's. Each side ends its stream with a head that says so, after
// which the connection is closed: whatever else ends it is an error, other bytes are a mismatch. Nobody connects again.
//
//   @N MS RECEIVED SENT SLOWEST_US ERRORS MISMATCHES    RECEIVED, SENT: records; SLOWEST: an answer, or a record coming in, that was waited for
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"

enum { PORT = 7000, PATTERN = 65536, BODY_MAX = 4000, BURST_MAX = 6, CONNECTIONS_MAX = 16 };
enum { OUT_PAUSE_US = 8000, ASK_PAUSE_US = 2000 };
enum stream { STREAM_OUT = 1, STREAM_ASK, STREAM_ANSWER, STREAM_IN };
enum : uint64_t { MAGIC = 0x74654e6b6c754248, LAST = 1ull << 63 };

struct head {
    uint64_t magic, stream, number, size;
};

struct record {
    struct head head;
    uint8_t body[BODY_MAX];
};

static uint8_t pattern[PATTERN];
static int listener;
static _Atomic int open_count;
static _Atomic uint64_t received, sent, slowest, errors, mismatches;
static _Atomic uint64_t waiting_since[CONNECTIONS_MAX]; // by connection; 0: for nothing

// Returns its size.
static size_t make(struct record *record, enum stream stream, uint64_t number) {
    uint64_t chance = mix((uint64_t)stream << 56 | (number & ~LAST));
    uint64_t size = number & LAST ? 0 : 1 + chance % BODY_MAX;
    record->head = (struct head){MAGIC, stream, number, size};
    memcpy(record->body, pattern + (chance >> 32) % (PATTERN - BODY_MAX), size);
    return sizeof(struct head) + size;
}

static bool fail(const char *what) {
    errors++;
    printf("@X network: %s: %s\n", what, strerror(errno));
    return false;
}

static bool send_record(int line, enum stream stream, uint64_t number) {
    struct record record;
    size_t size = make(&record, stream, number);
    for (size_t at = 0; at < size;) {
        ssize_t count = send(line, (char *)&record + at, size - at, MSG_NOSIGNAL);
        if (count < 0)
            return fail("sending");
        at += (size_t)count;
    }
    sent++;
    return true;
}

static bool receive_whole(int line, void *to, size_t size) {
    for (size_t at = 0; at < size;) {
        ssize_t count = recv(line, (char *)to + at, size - at, 0);
        if (count <= 0) {
            errno = count ? errno : EPIPE;
            return fail("receiving");
        }
        at += (size_t)count;
    }
    return true;
}

static bool mismatch(enum stream stream, uint64_t number, const char *where) {
    mismatches++;
    printf("@X network: record %llu of stream %u is another one in its %s\n", (unsigned long long)number, stream, where);
    return false;
}

// Record `number`, or the last one; false after that, and when anything is wrong.
static bool receive_record(int line, int index, enum stream stream, uint64_t number) {
    struct record record, wanted;
    uint64_t began = now_us();
    waiting_since[index] = began;
    bool whole = receive_whole(line, &record.head, sizeof(record.head));
    make(&wanted, stream, number | LAST);
    bool last = whole && memcmp(&record.head, &wanted.head, sizeof(wanted.head)) == 0;
    size_t size = make(&wanted, stream, number) - sizeof(wanted.head);
    if (whole && !last && memcmp(&record.head, &wanted.head, sizeof(wanted.head)) != 0)
        whole = mismatch(stream, number, "head");
    if (whole && !last) {
        whole = receive_whole(line, record.body, size);
        if (whole && memcmp(record.body, wanted.body, size) != 0)
            whole = mismatch(stream, number, "body");
    }
    waiting_since[index] = 0;
    raise_to(&slowest, now_us() - began);
    received += whole && !last;
    return whole && !last;
}

static void take_in(int line, int index) {
    for (uint64_t number = 1; receive_record(line, index, STREAM_IN, number); number++)
        ;
}

static void give_out(int line) {
    uint64_t number = 1;
    while (!stop) {
        for (uint64_t left = 1 + mix(number) % BURST_MAX; left; left--)
            if (!send_record(line, STREAM_OUT, number++))
                return;
        usleep(OUT_PAUSE_US);
    }
    if (send_record(line, STREAM_OUT, number | LAST))
        shutdown(line, SHUT_WR);
}

static void ask(int line, int index) {
    uint64_t number = 1;
    for (; !stop; number++, usleep(ASK_PAUSE_US))
        if (!send_record(line, STREAM_ASK, number) || !receive_record(line, index, STREAM_ANSWER, number))
            return;
    if (send_record(line, STREAM_ASK, number | LAST))
        shutdown(line, SHUT_WR);
}

static void *serve(void *argument) {
    static _Atomic int count;
    int line = (int)(intptr_t)argument, index = count++ % CONNECTIONS_MAX, one = 1;
    char letter = 0, rest;
    setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (receive_whole(line, &letter, 1) && send(line, &letter, 1, MSG_NOSIGNAL) == 1) {
        if (letter == 'g')
            take_in(line, index);
        else if (letter == 't')
            give_out(line);
        else if (letter == 'a')
            ask(line, index);
    }
    while (recv(line, &rest, 1, 0) > 0) // the host closes when it has all
        ;
    close(line);
    open_count--;
    return NULL;
}

static void *accept_all(void *) {
    for (;;) {
        int line = accept(listener, NULL, NULL);
        pthread_t thread;
        if (line < 0)
            continue;
        open_count++;
        pthread_create(&thread, NULL, serve, (void *)(intptr_t)line);
    }
    return NULL;
}

int network_start(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    for (size_t i = 0; i < PATTERN / 8; i++) {
        uint64_t word = mix(i);
        memcpy(pattern + i * 8, &word, 8);
    }
    pthread_t thread;
    listener = socket(AF_INET, SOCK_STREAM, 0);
    int again = 1; // soon after an earlier load's connections
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &again, sizeof(again)) || bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, CONNECTIONS_MAX))
        return errno;
    return pthread_create(&thread, NULL, accept_all, NULL);
}

int network_open(void) {
    return open_count;
}

void network_say(uint64_t ms) {
    uint64_t now = now_us();
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        uint64_t began = waiting_since[i];
        if (began && began < now)
            raise_to(&slowest, now - began);
    }
    printf("@N %llu %llu %llu %llu %llu %llu\n", (unsigned long long)ms, (unsigned long long)received, (unsigned long long)sent,
           (unsigned long long)atomic_exchange(&slowest, 0), (unsigned long long)errors, (unsigned long long)mismatches);
}
