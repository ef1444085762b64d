// SPDX-License-Identifier: MIT
//
// The operator's line into the machine: commands on a serial port, one a line; one line of JSON for each. tools/bhctl speaks it.
//
//   ping WORD | domains | crash NAME KIND | kill NAME | restart NAME | backtrace NAME | log POSITION | memory | cpus | rings | caps NAME | off STATUS
//   trace start CLASSES RECORDS SAMPLE_NS | trace stop | trace info | trace read CPU POSITION | threads | edges FROM (tracing.c)
//   cores on | cores off | cores | core NAME OFFSET (cores.c)
//   image sums BLOCK COUNT | image put OFFSET BASE64 | image check DOMAIN SIZE NAME | image start DOMAIN | image info DOMAIN (images.c)
//   interpose DOMAIN CAPABILITY on|off|ask | port NAME | call PORT INTERFACE FINGERPRINT METHOD DATA (call.c)
//
// Answers: {"ok":true,...} or {"ok":false,"error":"..."}. The line is hostile input like any other: too long or unknown means an error.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bulkhead/domain.h"
#include "call.h"
#include "interpose.h"
#include "kernel.h"
#include "kernel/abi/crash.h"
#include "line.h"

#define LINE_MAX 45056 // arguments of a call, in hexadecimal
#define PING_MAX 64
#define WORDS_MAX 6
#define LOG_PIECE 2048

static bh_cap system_cap;

// ---- commands

static const char *state_name(uint32_t state) {
    static const char *const names[] = {"unused", "loaded", "running", "dead", "ended"};
    return state < sizeof(names) / sizeof(*names) ? names[state] : "?";
}

static const struct {
    const char *name;
    enum bh_inject kind;
} kinds[] = {{"null", BH_INJECT_NULL}, {"wild-kernel", BH_INJECT_WILD_KERNEL}, {"wild-slot", BH_INJECT_WILD_SLOT},
             {"undefined", BH_INJECT_UNDEFINED}, {"divide", BH_INJECT_DIVIDE}, {"loop", BH_INJECT_LOOP},
             {"control-stack", BH_INJECT_CONTROL_STACK}, {"data-stack", BH_INJECT_DATA_STACK}, {"panic", BH_INJECT_PANIC},
             {"ring", BH_INJECT_RING}, {"dma", BH_INJECT_DMA},
             {"irq-drop", BH_INJECT_IRQ_DROP}, {"irq-repeat", BH_INJECT_IRQ_REPEAT}, {"irq-storm", BH_INJECT_IRQ_STORM},
             {"hang", BH_INJECT_HANG}, {"leak", BH_INJECT_LEAK}};

static void say_domain(const struct bh_domain_info *info) {
    say("{\"id\":%u,\"name\":", info->id);
    say_string(info->name, sizeof(info->name));
    say(",\"state\":\"%s\",\"colour\":\"%s\",\"generation\":%u,\"restarts\":%u,\"cause\":\"%s\",", state_name(info->state),
        info->colour ? "fs" : "gs", info->generation, info->restarts, bh_crash_cause_name(info->cause));
    say("\"image\":");
    say_build(info->id);
    say(",\"threads\":%u,\"caps\":%u,\"memory\":%llu,\"memory_quota\":%llu,\"calls\":%llu,\"base_writes\":%llu,\"breaches\":%u}", info->threads, info->caps,
        (unsigned long long)info->memory_used, (unsigned long long)info->memory_quota, (unsigned long long)info->calls,
        (unsigned long long)info->base_writes, info->breaches);
}

static void do_domains(void) {
    struct bh_domain_info info;
    say("{\"ok\":true,\"domains\":[");
    for (uint32_t id = 1; system_domain_info(system_cap, id, &info) == BH_OK; id++) {
        if (id > 1)
            put(',');
        say_domain(&info);
    }
    say("]}");
}

bool find_domain(const char *name, uint32_t *id) {
    if (system_domain_find(system_cap, name, id) == BH_OK)
        return true;
    refuse("there is no domain \"%s\"; `bhctl domains' lists them", name);
    return false;
}

static void do_crash(const char *name, const char *how) {
    uint32_t id;
    if (!find_domain(name, &id))
        return;
    char known[256] = "";
    for (size_t i = 0, length = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (strcmp(kinds[i].name, how) == 0) {
            answer("crash", system_inject(system_cap, id, kinds[i].kind));
            return;
        }
        length += (size_t)snprintf(known + length, sizeof(known) - length, " %s", kinds[i].name);
    }
    refuse("unknown way to crash \"%s\"; known:%s", how, known);
}

static void do_restart(const char *name) {
    struct bh_domain_info info;
    uint32_t id;
    if (!find_domain(name, &id))
        return;
    enum bh_error error = system_domain_info(system_cap, id, &info);
    if (!error && info.state == BH_DOMAIN_STATE_RUNNING)
        error = system_kill(system_cap, id);
    enum bh_error start = error ? BH_OK : system_restart(system_cap, id);
    // The supervisor may have been quicker.
    if (start && (system_domain_info(system_cap, id, &info) || info.state != BH_DOMAIN_STATE_RUNNING))
        refuse("%s does not start: %s; `bhctl log' says why", name, bh_strerror(start));
    else
        answer("restart", error);
}

static void do_kill(const char *name) {
    uint32_t id;
    enum bh_error error = system_domain_find(system_cap, name, &id);
    answer("kill", error ? error : system_kill(system_cap, id));
}

static void do_backtrace(const char *name) {
    static struct bh_crash_info crash; // large
    uint32_t id;
    enum bh_error error = system_domain_find(system_cap, name, &id);
    if (!error)
        error = system_crash_info(system_cap, id, &crash);
    if (error) {
        refuse(error == BH_ENOENT ? "there is no domain \"%s\", or it never crashed" : "backtrace of %s failed", name);
        return;
    }
    say("{\"ok\":true,\"cause\":\"%s\",\"time_ns\":%llu,\"tick\":%llu,\"generation\":%u,\"address\":%llu,\"text\":", bh_crash_cause_name(crash.cause),
        (unsigned long long)crash.time_ns, (unsigned long long)crash.instructions, crash.generation, (unsigned long long)crash.address);
    say_string(crash.text, sizeof(crash.text));
    say(",\"frames\":[");
    for (uint32_t i = 0; i < crash.frame_count && i < BH_BACKTRACE_MAX; i++) {
        const struct bh_crash_frame *frame = &crash.frames[i];
        say("%s{\"domain\":%u,\"offset\":%llu,\"within\":%llu,\"symbol\":", i ? "," : "", frame->domain, (unsigned long long)frame->offset,
            (unsigned long long)frame->within);
        say_string(frame->symbol, sizeof(frame->symbol));
        put('}');
    }
    say("]}");
}

static void do_log(const char *position) {
    static char text[LOG_PIECE];
    uint32_t size = 0;
    uint64_t next = 0;
    enum bh_error error = system_log_read(system_cap, strtoull(position, NULL, 10), text, &size, &next);
    if (error) {
        answer("log", error);
        return;
    }
    say("{\"ok\":true,\"next\":%llu,\"text\":", (unsigned long long)next);
    say_string(text, size);
    say("}");
}

static void do_memory(void) {
    struct bh_memory_info info;
    enum bh_error error = system_memory(system_cap, &info);
    if (error) {
        answer("memory", error);
        return;
    }
    say("{\"ok\":true,\"free\":%llu,\"total\":%llu,\"uptime_ns\":%llu,\"tick\":%llu,", (unsigned long long)info.free_bytes,
        (unsigned long long)info.total_bytes, (unsigned long long)info.uptime_ns, (unsigned long long)info.instructions);
    say("\"threads\":%u,\"buffers\":%u,\"caps\":%u,\"tables\":%llu,\"heap\":%llu}", info.threads, info.buffers, info.caps,
        4096ull * info.table_frames, (unsigned long long)info.heap_bytes);
}

static void do_cpus(void) {
    struct bh_cpu_info info;
    say("{\"ok\":true,\"cpus\":[");
    for (uint32_t index = 0; system_cpu_info(system_cap, index, &info) == BH_OK; index++)
        say("%s{\"id\":%u,\"hardware_id\":%u,\"domain\":%u,\"busy_ns\":%llu,\"switches\":%llu,\"steals\":%llu}", index ? "," : "", index,
            info.hardware_id, info.domain, (unsigned long long)info.busy_ns, (unsigned long long)info.switches, (unsigned long long)info.steals);
    say("]}");
}

static void do_rings(void) {
    struct bh_ring_state ring;
    say("{\"ok\":true,\"rings\":[");
    for (uint32_t number = 0; system_ring_info(system_cap, number, &ring) == BH_OK; number++) {
        say("%s{\"entries\":%u,\"busy\":%u,\"client\":%u,\"server\":%u,\"epoch\":%u,\"name\":", number ? "," : "", ring.entries, ring.busy,
            ring.client, ring.server, ring.epoch);
        say_string(ring.name, sizeof(ring.name));
        put('}');
    }
    say("]}");
}

static const char *type_name(uint32_t type) {
    static const char *const names[] = {"empty", "event", "buffer", "ring"};
    return type >= BH_CAP_PORT ? "port" : type < sizeof(names) / sizeof(*names) ? names[type] : "?";
}

static const char *cap_state_name(uint32_t state) {
    static const char *const names[] = {"live", "lent", "revoked", "given up"};
    return state < sizeof(names) / sizeof(*names) ? names[state] : "?";
}

static void say_rights(uint32_t rights) {
    static const char *const names[] = {"call", "serve", "wait", "signal", "read", "write", "dma", "client", "server", "grant"};
    const char *comma = "";
    say("[");
    for (uint32_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (rights & 1u << i) {
            say("%s\"%s\"", comma, names[i]);
            comma = ",";
        }
    say("]");
}

static void say_cap(const struct bh_held_cap *cap) {
    say("{\"index\":%u,\"name\":", cap->number);
    say_string(cap->name, sizeof(cap->name));
    say(",\"type\":\"%s\",\"object\":{\"domain\":%u,\"offset\":%llu,\"name\":", type_name(cap->type), cap->object_domain,
        (unsigned long long)cap->object);
    say_string(cap->object_name, sizeof(cap->object_name));
    say("},\"state\":\"%s\",\"badge\":%u,\"parent\":{\"domain\":%u,\"index\":%u},\"rights\":", cap_state_name(cap->state), cap->badge,
        cap->parent_domain, cap->parent);
    say_rights(cap->rights);
    put('}');
}

static void do_caps(const char *name) {
    struct bh_held_cap cap;
    struct bh_domain_info info;
    uint32_t id;
    const char *comma = "";
    if (!find_domain(name, &id))
        return;
    enum bh_error error = system_domain_info(system_cap, id, &info);
    if (error) {
        answer("caps", error);
        return;
    }
    say("{\"ok\":true,\"id\":%u,\"quota\":%u,\"caps\":[", id, info.cap_quota);
    for (uint32_t from = 0; system_cap_info(system_cap, id, from, &cap) == BH_OK; from = cap.number + 1) {
        say("%s", comma);
        say_cap(&cap);
        comma = ",";
    }
    say("]}");
}

// Whoever opens the line finds out by it where the answers of whoever had it before end.
static void do_ping(const char *word) {
    say("{\"ok\":true,\"ping\":");
    say_string(word, PING_MAX);
    say("}");
}

static void execute(char *line) {
    char *words[WORDS_MAX] = {0}, *rest = line, *word;
    int count = 0;
    while (count < WORDS_MAX && (word = strtok_r(rest, " ", &rest)))
        words[count++] = word;
    if (!count)
        return;
    if (strcmp(words[0], "ping") == 0 && count == 2)
        do_ping(words[1]);
    else if (strcmp(words[0], "domains") == 0 && count == 1)
        do_domains();
    else if (strcmp(words[0], "crash") == 0 && count == 3)
        do_crash(words[1], words[2]);
    else if (strcmp(words[0], "restart") == 0 && count == 2)
        do_restart(words[1]);
    else if (strcmp(words[0], "kill") == 0 && count == 2)
        do_kill(words[1]);
    else if (strcmp(words[0], "backtrace") == 0 && count == 2)
        do_backtrace(words[1]);
    else if (strcmp(words[0], "log") == 0 && count == 2)
        do_log(words[1]);
    else if (strcmp(words[0], "memory") == 0 && count == 1)
        do_memory();
    else if (strcmp(words[0], "cpus") == 0 && count == 1)
        do_cpus();
    else if (strcmp(words[0], "rings") == 0 && count == 1)
        do_rings();
    else if (strcmp(words[0], "caps") == 0 && count == 2)
        do_caps(words[1]);
    else if (strcmp(words[0], "off") == 0 && count == 2)
        answer("off", system_power_off(system_cap, (uint32_t)strtoul(words[1], NULL, 10)));
    else if (strcmp(words[0], "interpose") == 0 && count == 4)
        do_interpose(system_cap, words[1], words[2], words[3]);
    else if (strcmp(words[0], "port") == 0 && count == 2)
        do_port(words[1]);
    else if (strcmp(words[0], "call") == 0 && count == 6)
        do_call(words[1], words[2], words[3], words[4], words[5]);
    else if (!tracing_execute(words, count) && !cores_execute(words, count) && !images_execute(words, count))
        refuse("unknown command \"%s\", or not as many words as it takes", words[0]);
    line_end();
}

// ---- input

static void take_byte(char byte) {
    static char line[LINE_MAX];
    static uint32_t size;
    static bool overlong;
    if (byte != '\n' && byte != '\r') {
        if (size < sizeof(line) - 1)
            line[size++] = byte;
        else
            overlong = true;
        return;
    }
    line[size] = 0;
    size = 0;
    if (overlong) {
        overlong = false;
        refuse("a line has at most %d characters", LINE_MAX - 1);
        line_end();
        return;
    }
    execute(line);
}

int main(void) {
    uint8_t byte;
    bh_cap interrupt;
    enum bh_error error = bh_cap_find("system", &system_cap);
    if (!error)
        error = line_open(&interrupt);
    if (error)
        return bh_not_started("no control line", error);
    cores_start(interrupt);
    for (;;) {
        while (line_read(&byte))
            take_byte((char)byte);
        (void)bh_event_await(interrupt, 0);
        cores_collect();
    }
}
