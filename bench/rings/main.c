// SPDX-License-Identifier: MIT
//
// Runs all kinds in turn, ROUNDS times, with a server thread that is told what to do next; the samples as JSON.
//
//   rings GROUP|all OUT.json [ROUNDS [DIVISOR]]     DIVISOR: so many times fewer messages in a sample
#include "bench/rings/rings.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bench/harness/harness.h"

#define KINDS_MAX 128
#define ROUNDS_DEFAULT 31
#define ROUNDS_MAX 1000
#define PATIENCE 2000 // looks without result before a thread lets others run
#define SECOND_NS 1e9
#define TRIES 10 // at a sample during which no thread was interrupted by another program's

static struct kind kinds[KINDS_MAX];
static size_t kind_count;
static uint32_t rounds = ROUNDS_DEFAULT;
static int processors[2]; // the server's is the second
static bool two_processors;

void add_kinds(struct kind kind, const uint32_t *batches, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (kind_count == KINDS_MAX) {
            fprintf(stderr, "rings: more than %d kinds: raise KINDS_MAX\n", KINDS_MAX);
            exit(1);
        }
        kind.batch = batches[i];
        kind.producers = kind.producers ? kind.producers : 1;
        kind.number = (uint32_t)kind_count;
        kinds[kind_count++] = kind;
        kind.open = NULL; // once
    }
}

static void be_on(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    (void)pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * SECOND_NS + (double)now.tv_nsec;
}

// ---- a thread that is told what to do

struct worker {
    void (*run)(const struct kind *kind);
    const struct kind *kind;
    _Atomic uint32_t told, done; // how often
    long interrupted;            // how often another thread was given its processor
    int processor;
} server;

static void wait_for(_Atomic uint32_t *word, uint32_t old) {
    while (*word == old)
        syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, old, NULL, NULL, 0);
}

static long interruptions(void) {
    struct rusage usage;
    return getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_nivcsw : 0;
}

static void *work(void *argument) {
    struct worker *worker = argument;
    for (uint32_t turn = 0;; turn++) {
        wait_for(&worker->told, turn);
        be_on(worker->processor);
        long before = interruptions();
        worker->run(worker->kind);
        worker->interrupted = interruptions() - before;
        worker->done++;
        syscall(SYS_futex, &worker->done, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}

static void tell(struct worker *worker, const struct kind *kind, int processor) {
    worker->kind = kind;
    worker->processor = processor;
    worker->told++;
    syscall(SYS_futex, &worker->told, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void await(struct worker *worker) {
    while (worker->done != worker->told)
        wait_for(&worker->done, worker->told - 1);
}

// Nothing was there: look again, and now and then let others run, who may be those we wait for.
static void pause_a_little(uint32_t *looks) {
    if (++*looks % PATIENCE)
        __builtin_ia32_pause();
    else
        sched_yield();
}

static void serve_all(const struct kind *kind) {
    uint32_t served = 0, total = kind->messages * kind->producers, looks = 0;
    while (served < total) {
        uint32_t count = kind->serve(kind->batch < total - served ? kind->batch : total - served);
        served += count;
        if (!count)
            pause_a_little(&looks);
    }
}

static uint32_t send_batch(const struct kind *kind, uint32_t producer, uint32_t sent, uint32_t count) {
    struct message messages[BATCH_MAX];
    for (uint32_t i = 0; i < count; i++)
        messages[i] = (struct message){sent + i, producer};
    return kind->send(producer, messages, count);
}

static uint32_t receive_batch(const struct kind *kind, uint32_t producer, uint64_t *sum) {
    struct message messages[BATCH_MAX];
    uint32_t count = kind->receive(producer, messages, kind->batch);
    for (uint32_t i = 0; i < count; i++)
        *sum += messages[i].value + (messages[i].other << 32);
    return count;
}

// One client's part of a sample.
struct asking {
    uint32_t sent, received;
    uint64_t sum;
};

static void check_sum(const struct kind *kind, uint32_t producer, uint64_t sum) {
    uint64_t n = kind->messages, right = n * (n + 1) / 2 + n * ((uint64_t)producer << 32);
    if (sum != right) {
        fprintf(stderr, "rings: %s, %s, batch %u: the answers sum up to %llx, not %llx\n", kind->group, kind->name, kind->batch, (unsigned long long)sum,
                (unsigned long long)right);
        exit(1);
    }
}

// Send a batch if the window has room, take answers if it has none for another; how many messages that were.
static uint32_t ask(const struct kind *kind, uint32_t producer, struct asking *asking) {
    uint32_t left = kind->messages - asking->sent, count = kind->batch < left ? kind->batch : left, done = 0;
    if (count && asking->sent - asking->received + count <= kind->window) {
        done = send_batch(kind, producer, asking->sent, count);
        asking->sent += done;
    }
    if (kind->where == WHERE_ONE_THREAD)
        (void)kind->serve(kind->batch);
    bool full = asking->sent - asking->received + kind->batch > kind->window || asking->sent == kind->messages;
    if (asking->received < asking->sent && (full || kind->where == WHERE_ONE_THREAD)) {
        count = receive_batch(kind, producer, &asking->sum);
        asking->received += count;
        done += count;
    }
    return done;
}

// All clients' parts, in turn: on one processor they could not run at once, and one that is interrupted while it has something in hand would hold up others.
static void ask_all(const struct kind *kind) {
    struct asking asking[PRODUCERS_MAX] = {0};
    uint32_t looks = 0, received = 0;
    while (received < kind->messages * kind->producers) {
        uint32_t done = 0;
        received = 0;
        for (uint32_t i = 0; i < kind->producers; i++) {
            done += ask(kind, i, &asking[i]);
            received += asking[i].received;
        }
        if (!done)
            pause_a_little(&looks);
    }
    for (uint32_t i = 0; i < kind->producers; i++)
        check_sum(kind, i, asking[i].sum);
}

// Nanoseconds for one message; whether a thread was interrupted meanwhile.
static double measure_once(const struct kind *kind, bool *interrupted) {
    long before = interruptions();
    if (kind->where != WHERE_ONE_THREAD)
        tell(&server, kind, processors[kind->where == WHERE_TWO_PROCESSORS]);
    double start = now_ns();
    ask_all(kind);
    double took = now_ns() - start;
    if (kind->where != WHERE_ONE_THREAD)
        await(&server);
    *interrupted = interruptions() != before || (kind->where != WHERE_ONE_THREAD && server.interrupted);
    return took / ((double)kind->messages * kind->producers);
}

// Where two threads need two processors, a third one on either says nothing about rings: then it is measured again. Threads that sleep, or
// share a processor, interrupt one another, which is part of what is measured.
static double measure(struct kind *kind) {
    bool interrupted = true;
    double ns = 0;
    for (int i = 0; i < TRIES && interrupted; i++) {
        ns = measure_once(kind, &interrupted);
        interrupted &= !kind->sleeps;
    }
    kind->disturbed += interrupted;
    return ns;
}

// ---- from start to end

// What is compared with one another is measured one right after the other.
static int by_group(const void *a, const void *b) {
    const struct kind *x = a, *y = b;
    int order = strcmp(x->group, y->group);
    if (!order)
        order = (x->batch > y->batch) - (x->batch < y->batch);
    return order ? order : (x->number > y->number) - (x->number < y->number);
}

// Leave out what there is not, and what was not asked for.
static bool choose(const char *group, uint32_t divisor) {
    size_t kept = 0;
    bool there = true; // a way is opened once, by its first kind
    for (size_t i = 0; i < kind_count; i++) {
        struct kind kind = kinds[i];
        if (kind.open)
            there = kind.open();
        if (!there || (strcmp(group, "all") && strcmp(group, kind.group)) || (kind.where == WHERE_TWO_PROCESSORS && !two_processors))
            continue;
        kind.messages = kind.messages / divisor > kind.window ? kind.messages / divisor : kind.window;
        kind.ns = calloc(rounds, sizeof(double));
        if (!kind.ns)
            return false;
        kinds[kept++] = kind;
    }
    kind_count = kept;
    qsort(kinds, kept, sizeof(kinds[0]), by_group);
    if (!kept)
        fprintf(stderr, "rings: there is no kind in group `%s'\n", group);
    return kept;
}

static void find_processors(void) {
    cpu_set_t set;
    int found = 0;
    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        for (int i = 0; i < CPU_SETSIZE && found < 2; i++)
            if (CPU_ISSET(i, &set))
                processors[found++] = i;
    two_processors = found == 2;
    be_on(processors[0]);
}

static void print(FILE *out) {
    fprintf(out, "{\"benchmark\": \"rings\", \"processors\": [%d, %d], \"rounds\": %u, \"kinds\": [", processors[0], two_processors ? processors[1] : processors[0],
            rounds);
    for (size_t i = 0; i < kind_count; i++) {
        struct kind *kind = &kinds[i];
        fprintf(out, "%s\n  {\"group\": \"%s\", \"name\": \"%s\", \"what\": \"%s\", \"batch\": %u, \"window\": %u, \"disturbed\": %u, ", i ? "," : "", kind->group, kind->name,
                kind->what, kind->batch, kind->window, kind->disturbed);
        print_samples(out, "ns", kind->ns, rounds, 1);
        fputs("}", out);
    }
    fputs("\n]}\n", out);
}

static bool start(struct worker *worker, void (*run)(const struct kind *)) {
    pthread_t thread;
    worker->run = run;
    return pthread_create(&thread, NULL, work, worker) == 0;
}

int main(int argc, char **argv) {
    if (argc > 3)
        rounds = (uint32_t)strtoul(argv[3], NULL, 10);
    uint32_t divisor = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 1;
    if (argc < 3 || argc > 5 || !rounds || rounds > ROUNDS_MAX || !divisor) {
        fprintf(stderr, "usage: rings GROUP|all OUT.json [ROUNDS [DIVISOR]]   (ROUNDS: 1 to %d, DIVISOR: from 1)\n", ROUNDS_MAX);
        return 2;
    }
    FILE *out = fopen(argv[2], "w");
    if (!out) {
        perror(argv[2]);
        return 1;
    }
    find_processors();
    if (!choose(argv[1], divisor) || !start(&server, serve_all))
        return 1;
    for (size_t i = 0; i < kind_count; i++)
        (void)measure(&kinds[i]); // warms up
    for (size_t i = 0; i < kind_count; i++)
        kinds[i].disturbed = 0;
    for (uint32_t round = 0; round < rounds; round++)
        for (size_t i = 0; i < kind_count; i++)
            kinds[i].ns[round] = measure(&kinds[i]);
    print(out);
    return fclose(out) == 0 ? 0 : 1;
}
