// SPDX-License-Identifier: MIT
//
// Guest program: load on the disk that can prove afterwards what was acknowledged (tools/campaign/disk.py is its other half), on the network (network.c), on the source of random bytes (entropy.c), and on the console (console.c).
//
//   bulkhead-load DEVICE OFFSET SLOTS     until a line comes on standard input
//
// Each of THREADS threads owns SLOTS slots of 4 KiB and writes numbered records to them: which slot record number N of a thread goes to is computed from
// both, so whoever knows up to which number a thread's records are flushed knows what must be in every slot. A record says who wrote it, its number and
// its slot, and has a checksum. Now and then a record is read back. fio runs beside, by /etc/load.fio; a patterned piece of memory is looked at in the end.
//
//   @T MS ACK... SLOWEST_US ERRORS MISMATCHES    each 100 ms; ACK: records flushed, of each thread; SLOWEST: request since the last line, also a running one
//   @F ..., @D ..., @W ...                       in the end: fio's terse line for each of its jobs, suspicious lines of the kernel's log, where fio waits if it does not end
//   @E MS ACK... ERRORS MISMATCHES MEMORY STUCK  last line; MEMORY: words of memory that changed, STUCK: threads and connections that did not come to an end
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

enum { THREADS = 4, RECORD = 4096, BODY_AT = 32, FLUSH_EVERY_MAX = 16, TICK_MS = 100, PATIENCE_MS = 8000, KLOG_CLEAR = 5, KLOG_READ = 3, KLOG_SIZE = 1 << 18, FIO_JOBS = 2 };
enum : uint64_t { MAGIC = 0x64726f6365724842, MEMORY_WORDS = 2 << 20 };

struct record {
    uint64_t magic;
    uint32_t check, thread;
    uint64_t number, slot;
    uint64_t body[(RECORD - BODY_AT) / 8];
};
static_assert(sizeof(struct record) == RECORD);

static struct writer {
    pthread_t thread;
    uint32_t index;
    _Atomic uint64_t flushed; // record number up to which all are on the disk
    _Atomic uint64_t began;   // when the running request did, 0: none
    _Atomic bool ended;
    uint64_t *newest; // by slot: number of the record that was written last
} writers[THREADS];

static int device;
static uint64_t offset, slots;
_Atomic bool stop;
static _Atomic uint64_t slowest, errors, mismatches;
static uint32_t crc_table[256];

uint32_t crc32(uint32_t sum, const void *data, size_t size) {
    uint32_t crc = ~sum;
    for (const uint8_t *at = data; size--; at++)
        crc = crc_table[(crc ^ *at) & 0xff] ^ crc >> 8;
    return ~crc;
}

static void make_crc_table(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
        crc_table[i] = crc;
    }
}

// ---- records

static uint64_t slot_of(uint32_t thread, uint64_t number) {
    return thread * slots + mix((uint64_t)thread << 48 | number) % slots;
}

static void make(struct record *record, uint32_t thread, uint64_t number) {
    *record = (struct record){.magic = MAGIC, .thread = thread, .number = number, .slot = slot_of(thread, number)};
    uint64_t seed = mix((uint64_t)thread << 56 | number);
    for (size_t i = 0; i < sizeof(record->body) / 8; i++)
        record->body[i] = seed + i * MAGIC;
    record->check = crc32(0, record, sizeof(*record));
}

// Whether it is record `number` of `thread`, whole.
static bool is(struct record *record, uint32_t thread, uint64_t number) {
    uint32_t check = record->check;
    record->check = 0;
    return crc32(0, record, sizeof(*record)) == check && record->magic == MAGIC && record->thread == thread && record->number == number &&
           record->slot == slot_of(thread, number);
}

enum request { WRITE, READ, FLUSH };

static bool ask(struct writer *writer, enum request what, struct record *record, uint64_t slot) {
    off_t at = (off_t)(offset + slot * RECORD);
    uint64_t began = now_us();
    writer->began = began;
    ssize_t done = what == FLUSH ? fdatasync(device) : what == WRITE ? pwrite(device, record, RECORD, at) : pread(device, record, RECORD, at);
    writer->began = 0;
    raise_to(&slowest, now_us() - began);
    if (done == (what == FLUSH ? 0 : RECORD))
        return true;
    errors++;
    printf("@X request %d of thread %u, slot %llu: %s\n", what, writer->index, (unsigned long long)slot, done < 0 ? strerror(errno) : "short");
    return false;
}

static void look_back(struct writer *writer, struct record *record, uint64_t chance) {
    uint64_t slot = chance % slots, number = writer->newest[slot];
    if (!number || !ask(writer, READ, record, writer->index * slots + slot) || is(record, writer->index, number))
        return;
    mismatches++;
    printf("@X slot %llu of thread %u: record %llu was read, %llu is wanted\n", (unsigned long long)slot, writer->index,
           (unsigned long long)record->number, (unsigned long long)number);
}

static void *write_records(void *argument) {
    struct writer *writer = argument;
    struct record *record = aligned_alloc(RECORD, RECORD);
    uint64_t number = 0, until_flush = 4;
    while (!stop) {
        make(record, writer->index, number + 1);
        if (!ask(writer, WRITE, record, slot_of(writer->index, number + 1)))
            continue;
        number++;
        writer->newest[slot_of(writer->index, number) % slots] = number;
        uint64_t chance = mix(number * THREADS + writer->index);
        if (chance % 2)
            look_back(writer, record, chance >> 8);
        if (--until_flush == 0 && (until_flush = 1 + (chance >> 32) % FLUSH_EVERY_MAX) && ask(writer, FLUSH, NULL, 0))
            writer->flushed = number;
    }
    if (ask(writer, FLUSH, NULL, 0))
        writer->flushed = number;
    writer->ended = true;
    return NULL;
}

// ---- reports

static void say_flushed(void) {
    for (int i = 0; i < THREADS; i++)
        printf(" %llu", (unsigned long long)writers[i].flushed);
}

static void tick(uint64_t start) {
    uint64_t now = now_us();
    for (int i = 0; i < THREADS; i++) {
        uint64_t began = writers[i].began;
        if (began && began < now)
            raise_to(&slowest, now - began);
    }
    network_say((now - start) / 1000);
    entropy_say((now - start) / 1000);
    printf("@T %llu", (unsigned long long)(now - start) / 1000);
    say_flushed();
    printf(" %llu %llu %llu\n", (unsigned long long)atomic_exchange(&slowest, 0), (unsigned long long)errors, (unsigned long long)mismatches);
    console_say();
}

static void say_kernel_log(void) {
    static const char *const words[] = {"I/O error", "EXT4-fs error", "BUG:", "Oops", "blocked for more", "timed out", "timeout", "NETDEV WATCHDOG", "Call Trace"};
    static char text[KLOG_SIZE];
    int size = klogctl(KLOG_READ, text, sizeof(text) - 1);
    char *save, *line = strtok_r(text, "\n", &save);
    int said = 0;
    for (; size > 0 && line && said < 8; line = strtok_r(NULL, "\n", &save))
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
            if (strstr(line, words[i])) {
                printf("@D %s\n", line);
                said++;
                break;
            }
}

static void say_file(const char *path, const char *mark) {
    char line[2048];
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof(line), file))
        printf("%s %.200s\n", mark, line);
    if (file)
        fclose(file);
}

// Where the threads of a program are in the guest's kernel.
static void say_where(pid_t program) {
    char path[300];
    snprintf(path, sizeof(path), "/proc/%d/task", program);
    DIR *threads = opendir(path);
    for (struct dirent *one; threads && (one = readdir(threads));) {
        if (one->d_name[0] == '.')
            continue;
        printf("@W thread %s:\n", one->d_name);
        for (size_t i = 0; i < 2; i++) {
            snprintf(path, sizeof(path), "/proc/%d/task/%s/%s", program, one->d_name, i ? "stack" : "syscall");
            say_file(path, "@W");
        }
    }
    if (threads)
        closedir(threads);
}

static int count_threads(pid_t program) {
    char path[64];
    int count = 0;
    snprintf(path, sizeof(path), "/proc/%d/task", program);
    DIR *threads = opendir(path);
    for (struct dirent *one; threads && (one = readdir(threads));)
        count += one->d_name[0] != '.';
    if (threads)
        closedir(threads);
    return count;
}

// Returns when its jobs run.
static pid_t start_fio(void) {
    pid_t child = fork();
    if (child) {
        while (count_threads(child) <= FIO_JOBS && waitpid(child, NULL, WNOHANG) == 0)
            usleep(10000);
        return child;
    }
    if (!freopen("/dev/null", "w", stderr)) // it says its errors in its output, too; what it printed here would be in no sum
        _exit(126);
    execl("/bin/fio", "fio", "--output=/tmp/fio.out", "--output-format=terse", "--eta=never", "--terse-version=3", "/etc/load.fio", NULL);
    _exit(127);
}

// How many threads, connections, and fio, did not end in time.
static int wait_for_ends(pid_t fio) {
    int left = 1, status = 0;
    bool fio_ended = false;
    kill(fio, SIGINT);
    for (int waited = 0; left && waited < PATIENCE_MS; waited += 10) {
        usleep(10000);
        fio_ended = fio_ended || waitpid(fio, &status, WNOHANG) == fio;
        left = !fio_ended + network_open() + entropy_open();
        for (int i = 0; i < THREADS; i++)
            left += !writers[i].ended;
    }
    if (!fio_ended)
        say_where(fio);
    else
        printf("@S fio ended with %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
    return left;
}

static uint64_t *make_pattern(void) {
    uint64_t *memory = malloc(MEMORY_WORDS * 8);
    for (uint64_t i = 0; i < MEMORY_WORDS; i++)
        memory[i] = mix(i);
    return memory;
}

static uint64_t changed_words(const uint64_t *memory) {
    uint64_t changed = 0;
    for (uint64_t i = 0; i < MEMORY_WORDS; i++)
        changed += memory[i] != mix(i);
    return changed;
}

int main(int count, char **arguments) {
    device = open(count > 3 ? arguments[1] : "/dev/null", O_RDWR | O_DIRECT);
    if (count < 4 || device < 0) {
        fprintf(stderr, "usage: bulkhead-load DEVICE OFFSET SLOTS\n");
        return 2;
    }
    offset = strtoull(arguments[2], NULL, 0);
    slots = strtoull(arguments[3], NULL, 0);
    make_crc_table();
    console_start();
    klogctl(KLOG_CLEAR, NULL, 0);
    uint64_t *memory = make_pattern();
    pid_t fio = start_fio();
    int error = network_start();
    if (error)
        printf("@X network: %s\n", strerror(error));
    error = entropy_start();
    if (error)
        printf("@X random bytes: %s\n", strerror(error));
    uint64_t start = now_us();
    for (uint32_t i = 0; i < THREADS; i++) {
        writers[i].index = i;
        writers[i].newest = calloc(slots, sizeof(uint64_t));
        pthread_create(&writers[i].thread, NULL, write_records, &writers[i]);
    }
    struct pollfd input = {.fd = 0, .events = POLLIN};
    while (poll(&input, 1, TICK_MS) == 0)
        tick(start);
    stop = true;
    while (getchar() > '\n') {
    }
    int stuck = wait_for_ends(fio);
    say_file("/tmp/fio.out", "@F");
    network_say((now_us() - start) / 1000);
    entropy_say((now_us() - start) / 1000);
    say_kernel_log();
    console_say();
    printf("@E %llu", (unsigned long long)(now_us() - start) / 1000);
    say_flushed();
    printf(" %llu %llu %llu %d\n", (unsigned long long)errors, (unsigned long long)mismatches, (unsigned long long)changed_words(memory), stuck);
    return 0;
}
