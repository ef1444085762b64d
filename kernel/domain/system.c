// SPDX-License-Identifier: MIT
//
// The kernel interfaces System and Settings: what supervisor, control domain and every domain's settings go through. Called by the
// generated glue with interrupts disabled; structures are the glue's copies.
#include <string.h>

#include "kernel.h"
#include "kernel_kernel.h"
#include "kernel/abi/manifest.h"
#include "kernel/base.h"
#include "kernel/debug/log.h"
#include "kernel/domain/archive.h"
#include "kernel/domain/caps.h"
#include "kernel/domain/crash.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/inject.h"
#include "kernel/domain/invoke.h"
#include "kernel/exchange/buffers.h"
#include "kernel/exchange/rings.h"
#include "kernel/mm/frames.h"
#include "kernel/sched/cpu.h"
#include "kernel/sched/thread.h"

enum bh_error serve_system_domain_info(struct domain *caller, uint64_t object, uint32_t id, struct bh_domain_info *info) {
    const struct domain *domain = id < BH_SLOT_COUNT ? domain_get(id) : NULL;
    (void)caller, (void)object;
    if (!domain)
        return BH_ENOENT; // the way to find the end of the list: not worth a line in the log
    *info = (struct bh_domain_info){.id = id, .state = domain->state, .colour = domain->colour, .generation = domain->generation,
                                    .restarts = domain->restarts, .cause = domain->crash.cause, .threads = domain->threads_used,
                                    .caps = domain->caps_used, .cap_quota = domain->cap_count ? domain->cap_count - 1 : 0,
                                    .breaches = domain->breaches, .memory_used = domain->memory_used, .memory_quota = domain->memory_quota, .calls = threads_calls(domain),
                                    .oldest_wait = invoke_oldest_wait(domain), .oldest_signal = caps_oldest_signal(domain),
                                    .base_writes = domain->base_writes};
    copy_name(info->name, sizeof(info->name), domain->name);
    if (domain->manifest) {
        info->restart_policy = domain->manifest->restart;
        info->restart_limit = domain->manifest->restart_limit;
        info->restart_window_ms = domain->manifest->restart_window_ms;
        info->backoff_ms = domain->manifest->backoff_ms;
        info->answer_ms = domain->manifest->answer_ms;
    }
    return BH_OK;
}

enum bh_error serve_system_ring_info(struct domain *caller, uint64_t object, uint32_t number, struct bh_ring_state *state) {
    const struct ring *ring = rings_get(number);
    (void)caller, (void)object;
    if (!ring)
        return BH_ENOENT; // the way to find the end of the list
    rings_describe(ring, state);
    return BH_OK;
}

enum bh_error serve_system_domain_find(struct domain *caller, uint64_t object, const char *name, uint32_t *id) {
    const struct domain *domain = domain_find(name);
    (void)caller, (void)object;
    if (!domain)
        return refuse(BH_ENOENT, "system.domain_find: there is no domain \"%s\"", name);
    *id = domain->id;
    return BH_OK;
}

enum bh_error serve_system_crash_info(struct domain *caller, uint64_t object, uint32_t id, struct bh_crash_info *info) {
    struct domain *domain;
    (void)caller, (void)object;
    enum bh_error error = domain_wanted("system.crash_info", id, &domain);
    if (error)
        return error;
    const struct bh_crash_record *record = &domain->crash;
    if (record->cause == BH_CRASH_NONE)
        return BH_ENOENT;
    *info = (struct bh_crash_info){.time_ns = record->time_ns, .instructions = record->instructions, .domain = id,
                                   .cause = record->cause, .address = record->address, .offset = record->offset,
                                   .frame_count = record->frame_count, .generation = record->generation};
    memcpy(info->text, record->text, sizeof(info->text));
    for (uint32_t i = 0; i < record->frame_count; i++) {
        info->frames[i].domain = record->frames[i].domain;
        info->frames[i].offset = record->frames[i].offset;
        info->frames[i].within = record->frames[i].within;
        memcpy(info->frames[i].symbol, record->frames[i].symbol, sizeof(info->frames[i].symbol));
    }
    return BH_OK;
}

enum bh_error serve_system_kill(struct domain *caller, uint64_t object, uint32_t id) {
    struct domain *domain;
    (void)object;
    enum bh_error error = domain_wanted("system.kill", id, &domain);
    if (error)
        return error;
    if (domain->state != DOMAIN_RUNNING)
        return refuse(BH_EINVAL, "system.kill: %s does not run", domain->name);
    crash_domain(domain, BH_CRASH_KILLED, NULL, 0, "by %s", caller->name);
    return BH_OK;
}

enum bh_error serve_system_restart(struct domain *caller, uint64_t object, uint32_t id) {
    struct domain *domain;
    (void)caller, (void)object;
    enum bh_error error = domain_wanted("system.restart", id, &domain);
    return error ? error : domain_start(domain);
}

enum bh_error serve_system_abandon(struct domain *caller, uint64_t object, uint32_t id) {
    struct domain *domain;
    (void)caller, (void)object;
    enum bh_error error = domain_wanted("system.abandon", id, &domain);
    return error ? error : domain_abandon(domain);
}

static_assert(BH_INJECTION_NULL_STORE == (int)BH_INJECT_NULL && BH_INJECTION_DMA == (int)BH_INJECT_DMA);

enum bh_error serve_system_inject(struct domain *caller, uint64_t object, uint32_t id, uint32_t kind) {
    struct domain *domain;
    (void)caller, (void)object;
    enum bh_error error = domain_wanted("system.inject", id, &domain);
    return error ? error : inject_crash(domain, (enum bh_inject)kind);
}

enum bh_error serve_system_watch_deaths(struct domain *caller, uint64_t object, struct cap *event) {
    (void)object;
    crash_watch(event->object, caller);
    return BH_OK;
}

enum bh_error serve_system_log_read(struct domain *caller, uint64_t object, uint64_t position, void *text, uint32_t *text_size,
                                    uint64_t *next) {
    (void)caller, (void)object;
    *text_size = (uint32_t)log_read(position, text, 2048, next);
    return BH_OK;
}

enum bh_error serve_system_memory(struct domain *caller, uint64_t object, struct bh_memory_info *info) {
    (void)caller, (void)object;
    *info = (struct bh_memory_info){.free_bytes = frames_free_count() * BH_PAGE_SIZE, .total_bytes = frames_total_count() * BH_PAGE_SIZE,
                                    .uptime_ns = clock_now_ns(), .instructions = clock_ticks(), .threads = thread_count(),
                                    .buffers = buffers_count(), .caps = caps_count_all()};
    uint64_t tables;
    platform_memory_use(&tables, &info->heap_bytes);
    info->table_frames = (uint32_t)tables;
    return BH_OK;
}

enum bh_error serve_system_cpu_info(struct domain *caller, uint64_t object, uint32_t number, struct bh_cpu_info *info) {
    (void)caller, (void)object;
    if (number >= cpu_count())
        return BH_ENOENT; // the way to find the end of the list
    const struct cpu *cpu = &cpus[number];
    const struct thread *thread = cpu->current ? cpu->current : &cpu->idle;
    *info = (struct bh_cpu_info){.hardware_id = cpu_hardware_id(number), .domain = thread->domain ? thread->domain->id : 0,
                                 .busy_ns = cpu->busy_ns, .switches = cpu->switches, .steals = cpu->steals};
    if (!sched_idles(cpu))
        info->busy_ns += clock_now_ns() - cpu->since_ns;
    return BH_OK;
}

enum bh_error serve_system_power_off(struct domain *caller, uint64_t object, uint32_t status) {
    (void)object;
    log_write(BH_LOG_INFO, caller->name, "power off, status %u", status);
    power_off((int)status);
}

enum bh_error serve_system_cap_info(struct domain *caller, uint64_t object, uint32_t id, uint32_t from, struct bh_held_cap *held) {
    struct domain *domain;
    struct bh_cap_info info;
    (void)caller, (void)object;
    enum bh_error error = domain_wanted("system.cap_info", id, &domain);
    if (!error)
        error = caps_describe(domain, from, &info);
    if (error)
        return error;
    *held = (struct bh_held_cap){.number = info.index, .type = info.type, .rights = info.rights, .state = info.state, .badge = info.badge,
                                .parent_domain = info.parent_domain, .parent = info.parent, .object_domain = info.object_domain,
                                .object = info.object, .instance = info.instance};
    memcpy(held->name, info.name, sizeof(held->name));
    memcpy(held->object_name, info.object_name, sizeof(held->object_name));
    return BH_OK;
}

enum bh_error serve_system_interpose(struct domain *caller, uint64_t object, uint32_t id, uint32_t number, bool on) {
    struct domain *domain;
    (void)caller, (void)object;
    enum bh_error error = domain_wanted("system.interpose", id, &domain);
    return error ? error : caps_interpose(domain, number, on);
}

enum bh_error serve_settings_get(struct domain *caller, uint64_t object, const char *key, char *value) {
    const char *text = archive_option(caller, key);
    (void)object;
    if (!text)
        return BH_ENOENT;
    copy_name(value, 480, text);
    return BH_OK;
}
