// SPDX-License-Identifier: MIT
//
// What Linux has for the same: a pipe each way, a pair of Unix sockets, and io_uring, which asks the kernel itself and not another thread: its
// operation that does nothing, submitted and completed through rings in shared memory, one system call for a batch.
#include "bench/rings/rings.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int pipe_there[2], pipe_back[2], sockets[2];

static bool open_pipes(void) {
    return pipe(pipe_there) == 0 && pipe(pipe_back) == 0;
}

static bool open_sockets(void) {
    return socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0;
}

// All of them, whole.
static uint32_t write_messages(int fd, const struct message *messages, uint32_t count) {
    size_t done = 0, size = count * sizeof(*messages);
    while (done < size) {
        ssize_t now = write(fd, (const char *)messages + done, size - done);
        if (now < 0 && errno != EINTR)
            return 0;
        done += now > 0 ? (size_t)now : 0;
    }
    return count;
}

// What there is, at least one, whole.
static uint32_t read_messages(int fd, struct message *messages, uint32_t most) {
    size_t done = 0;
    do {
        ssize_t now = read(fd, (char *)messages + done, most * sizeof(*messages) - done);
        if (now == 0 || (now < 0 && errno != EINTR))
            return 0;
        done += now > 0 ? (size_t)now : 0;
    } while (done % sizeof(*messages));
    return (uint32_t)(done / sizeof(*messages));
}

static uint32_t serve_by(int in, int out, uint32_t most) {
    struct message messages[BATCH_MAX];
    uint32_t count = read_messages(in, messages, most);
    for (uint32_t i = 0; i < count; i++)
        messages[i] = answer_to(messages[i]);
    return write_messages(out, messages, count);
}

static uint32_t send_pipe(uint32_t, const struct message *messages, uint32_t count) {
    return write_messages(pipe_there[1], messages, count);
}

static uint32_t receive_pipe(uint32_t, struct message *messages, uint32_t most) {
    return read_messages(pipe_back[0], messages, most);
}

static uint32_t serve_pipe(uint32_t most) {
    return serve_by(pipe_there[0], pipe_back[1], most);
}

static uint32_t send_socket(uint32_t, const struct message *messages, uint32_t count) {
    return write_messages(sockets[0], messages, count);
}

static uint32_t receive_socket(uint32_t, struct message *messages, uint32_t most) {
    return read_messages(sockets[0], messages, most);
}

static uint32_t serve_socket(uint32_t most) {
    return serve_by(sockets[1], sockets[1], most);
}

// ---- io_uring, by its system calls: no library needed

static int uring = -1;
static _Atomic uint32_t *sq_tail, *sq_array, *cq_head, *cq_tail;
static uint32_t sq_mask, cq_mask;
static struct io_uring_sqe *entries;
static struct io_uring_cqe *completions;

static void *map_uring(size_t size, uint64_t offset) {
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, uring, (off_t)offset);
}

static bool open_uring(void) {
    struct io_uring_params params = {0};
    uring = (int)syscall(SYS_io_uring_setup, ENTRIES, &params);
    if (uring < 0) {
        fprintf(stderr, "rings: io_uring is left out: %s\n", strerror(errno));
        return false;
    }
    char *sq = map_uring(params.sq_off.array + params.sq_entries * sizeof(uint32_t), IORING_OFF_SQ_RING);
    char *cq = map_uring(params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
    entries = map_uring(params.sq_entries * sizeof(*entries), IORING_OFF_SQES);
    if (sq == MAP_FAILED || cq == MAP_FAILED || entries == MAP_FAILED)
        return false;
    sq_tail = (_Atomic uint32_t *)(sq + params.sq_off.tail);
    sq_array = (_Atomic uint32_t *)(sq + params.sq_off.array);
    sq_mask = *(uint32_t *)(sq + params.sq_off.ring_mask);
    cq_head = (_Atomic uint32_t *)(cq + params.cq_off.head);
    cq_tail = (_Atomic uint32_t *)(cq + params.cq_off.tail);
    cq_mask = *(uint32_t *)(cq + params.cq_off.ring_mask);
    completions = (struct io_uring_cqe *)(cq + params.cq_off.cqes);
    return true;
}

static uint32_t send_uring(uint32_t, const struct message *messages, uint32_t count) {
    uint32_t tail = atomic_load_explicit(sq_tail, memory_order_relaxed);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = (tail + i) & sq_mask;
        entries[at] = (struct io_uring_sqe){.opcode = IORING_OP_NOP, .user_data = messages[i].value};
        sq_array[at] = at;
    }
    atomic_store_explicit(sq_tail, tail + count, memory_order_release);
    long done = syscall(SYS_io_uring_enter, uring, count, 0, 0, NULL, 0);
    return done < 0 ? 0 : (uint32_t)done;
}

static uint32_t receive_uring(uint32_t, struct message *messages, uint32_t most) {
    uint32_t head = atomic_load_explicit(cq_head, memory_order_relaxed), count = 0;
    uint32_t tail = atomic_load_explicit(cq_tail, memory_order_acquire);
    for (; count < most && head != tail; head++)
        messages[count++] = answer_to((struct message){completions[head & cq_mask].user_data, 0});
    atomic_store_explicit(cq_head, head, memory_order_release);
    return count;
}

static uint32_t serve_uring(uint32_t most) {
    return most; // the kernel has served them
}

[[gnu::constructor]] static void add(void) {
    static const uint32_t batches[] = {1, 8, 32}, one[] = {1};
    const struct kind ways[] = {
        {.name = "pipe", .what = "a pipe each way", .send = send_pipe, .receive = receive_pipe, .serve = serve_pipe, .open = open_pipes},
        {.name = "socket", .what = "a pair of Unix sockets", .send = send_socket, .receive = receive_socket, .serve = serve_socket, .open = open_sockets},
    };
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct kind kind = ways[i];
        kind.sleeps = true, kind.group = "throughput", kind.where = WHERE_TWO_PROCESSORS, kind.window = 64, kind.messages = 500;
        add_kinds(kind, batches, 3);
        kind.open = NULL;
        kind.group = "one processor", kind.where = WHERE_ONE_PROCESSOR, kind.window = 32;
        add_kinds(kind, batches, 3);
        kind.group = "latency", kind.where = WHERE_TWO_PROCESSORS, kind.window = 1, kind.messages = 100;
        add_kinds(kind, one, 1);
    }
    add_kinds((struct kind){.group = "one processor", .name = "io_uring", .what = "io_uring, operations that do nothing, of the kernel", .where = WHERE_ONE_THREAD,
                            .window = 32, .messages = 2000, .send = send_uring, .receive = receive_uring, .serve = serve_uring, .open = open_uring}, batches, 3);
}
