// SPDX-License-Identifier: MIT
//
// Commands that watch the system: what the kernel interface Trace tells, as JSON. What it means is the reader's business (tools/bhctl).
#include <stdlib.h>
#include <string.h>

#include "bulkhead/domain.h"
#include "line.h"
#include "tracing.h"

#define READ_SIZE 2048
#define READS 8        // of a command
#define EDGES_AT_ONCE 64

static bh_cap trace_cap;

// The manifest may not grant it.
static bool have_trace(void) {
    if (trace_cap || bh_cap_find("trace", &trace_cap) == BH_OK)
        return true;
    refuse("the manifest grants the control domain no capability \"trace\" (a port of the kernel's interface Trace)");
    return false;
}

static void do_start(const char *classes, const char *records, const char *sample_ns) {
    enum bh_error error = trace_start(trace_cap, (uint32_t)strtoul(classes, NULL, 0), (uint32_t)strtoul(records, NULL, 0), strtoull(sample_ns, NULL, 0));
    if (error == BH_EINVAL || error == BH_ERANGE)
        refuse("trace start: a class, the number of records or the time between samples is not valid; the kernel's log says which");
    else
        answer("trace start", error);
}

static void do_info(void) {
    struct bh_trace_info info;
    enum bh_error error = trace_info(trace_cap, &info);
    if (error) {
        answer("trace info", error);
        return;
    }
    say("{\"ok\":true,\"classes\":%u,\"records\":%u,\"ticks\":%llu,\"ns\":%llu,\"edges_lost\":%llu,\"heads\":[", info.classes, info.records,
        (unsigned long long)info.ticks, (unsigned long long)info.ns, (unsigned long long)info.edges_lost);
    for (uint32_t cpu = 0; cpu < info.cpus && cpu < sizeof(info.heads) / sizeof(*info.heads); cpu++)
        say("%s%llu", cpu ? "," : "", (unsigned long long)info.heads[cpu]);
    say("],\"samples\":[");
    for (uint32_t id = 0; id < sizeof(info.samples) / sizeof(*info.samples); id++)
        say("%s%llu", id ? "," : "", (unsigned long long)info.samples[id]);
    say("]}");
}

// Several pieces in one answer: each costs a call of the kernel, and the line a turn of its own.
static void do_read(const char *cpu, const char *position) {
    static uint8_t records[READS * READ_SIZE];
    uint32_t size = 0, piece = READ_SIZE;
    uint64_t next = strtoull(position, NULL, 10);
    for (int i = 0; i < READS && piece; i++) {
        enum bh_error error = trace_read(trace_cap, (uint32_t)strtoul(cpu, NULL, 10), next, records + size, &piece, &next);
        if (error) {
            answer("trace read", error);
            return;
        }
        size += piece;
    }
    say("{\"ok\":true,\"next\":%llu,\"records\":\"", (unsigned long long)next);
    say_base64(records, size);
    say("\"}");
}

static void do_threads(void) {
    struct bh_thread_info info;
    const char *comma = "";
    say("{\"ok\":true,\"threads\":[");
    for (uint32_t from = 0; trace_thread_info(trace_cap, from, &info) == BH_OK; from = info.id + 1) {
        say("%s{\"id\":%u,\"home\":%u,\"domain\":%u,\"state\":%u,\"cpu\":%u,\"priority\":%u,\"name\":", comma, info.id, info.home, info.domain,
            info.state, info.cpu, info.priority);
        say_string(info.name, sizeof(info.name));
        put('}');
        comma = ",";
    }
    say("]}");
}

static void do_edges(const char *from_word) {
    struct bh_trace_edge edge;
    uint32_t from = (uint32_t)strtoul(from_word, NULL, 10), count = 0;
    say("{\"ok\":true,\"edges\":[");
    for (; count < EDGES_AT_ONCE && trace_edge(trace_cap, from, &edge) == BH_OK; from = edge.number + 1) {
        say("%s{\"number\":%u,\"caller\":%u,\"callee\":%u,\"method\":%u,\"count\":%llu,\"errors\":%llu,\"ticks\":%llu,\"buckets\":[", count++ ? "," : "",
            edge.number, edge.caller, edge.callee, edge.method, (unsigned long long)edge.count, (unsigned long long)edge.errors,
            (unsigned long long)edge.ticks);
        for (uint32_t i = 0; i < sizeof(edge.buckets) / sizeof(*edge.buckets); i++)
            say("%s%u", i ? "," : "", edge.buckets[i]);
        say("]}");
    }
    say("],\"more\":%s}", count == EDGES_AT_ONCE ? "true" : "false");
}

static bool trace_command(char **words, int count) {
    const char *what = words[1];
    if (!have_trace())
        return true;
    if (strcmp(what, "start") == 0 && count == 5)
        do_start(words[2], words[3], words[4]);
    else if (strcmp(what, "stop") == 0 && count == 2)
        answer("trace stop", trace_stop(trace_cap));
    else if (strcmp(what, "info") == 0 && count == 2)
        do_info();
    else if (strcmp(what, "read") == 0 && count == 4)
        do_read(words[2], words[3]);
    else
        return false;
    return true;
}

bool tracing_execute(char **words, int count) {
    if (strcmp(words[0], "trace") == 0 && count > 1)
        return trace_command(words, count);
    bool threads = strcmp(words[0], "threads") == 0 && count == 1, edges = strcmp(words[0], "edges") == 0 && count == 2;
    if (!threads && !edges)
        return false;
    if (!have_trace())
        return true;
    if (threads)
        do_threads();
    else
        do_edges(words[1]);
    return true;
}
