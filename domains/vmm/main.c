// SPDX-License-Identifier: MIT
//
// The virtual machine monitor: one domain for one guest. It owns the guest's memory, loads its kernel and is called by the
// kernel at each VM exit.
//
// Serves: port "vcpu" (interface Vcpu), called by the kernel only.
// Needs:  "guest" (Guest), "guest-memory" and "guest-kernel" (buffers); may have "guest-initrd" (buffer), "console"
//         (Console), "disk" (ring) with "disk-info" (Block), "net" (Net) with "net.tx0" and
//         "net.rx0" (rings) and "net.pool" (their buffer), "entropy" (Entropy), "system" (System), "rtc" (Ports 0x70-0x71), "settings" (Settings), and
//         "vmm-state" (buffer of 256 KiB), where the machine outlasts this domain.
// Settings: cmdline: the guest kernel's command line. on-exit: power-off (default) or stop.
// When it dies its guest stands still; the rest of the system goes on. A new instance goes on with the guest (resume.c) if there is "vmm-state",
// and else boots it anew.
//
// Threads: the vCPU's (the kernel's, calling in), one that waits for the disk, one that waits for typed input, three of
// the network (net.c), one of the source of entropy (entropy.c), and the first, which waits for the guest's end.
#include <stdio.h>
#include <string.h>

#include "vmm.h"

#include "acpi_tables.h"
#include "backend.h"
#include "block.h"
#include "boot.h"
#include "bulkhead/domain.h"
#include "bulkhead/settings.h"
#include "console.h"
#include "cpuid.h"
#include "exits.h"
#include "guest.h"
#include "host.h"
#include "kernel.h"

#define STATUS_NOT_STARTED 73
#define PAUSE_NS 20000u // a vCPU's way to its standstill
#define DEVICE_PRIORITY 2
#define CALIBRATE_NS 10000000u
#define WATCH_AGAIN_NS 500000000u
#define INPUT_RETRY_NS 5000000u
#define RIGHTS_ALL 7u // read, write, execute

struct vmm vmm;

static enum bh_error handle_exit(void *object, uint32_t vcpu) {
    (void)object;
    (void)vcpu;
    if (!exits_handle(vmm.machine))
        return BH_OK;
    vmm.machine->state->stop = 1;
    if (bh_event_signal(vmm.ended))
        bh_warn("the guest's end cannot be told");
    return BH_OK;
}

const struct vcpu_methods vmm_methods = {.exit = handle_exit};

// Device events from other threads, a step of their own: kick the vCPU when an interrupt came of it.
void vmm_unlock_and_kick(void) {
    struct machine *machine = vmm.machine;
    bool kick = machine->attention && !machine->stopped, disk = machine->disk_ready, net = machine->net_ready, rng = machine->rng_ready;
    machine->disk_ready = machine->net_ready = machine->rng_ready = false;
    undo_unlock_aside(machine);
    if (disk)
        backend_disk_notify();
    if (net)
        backend_net_notify();
    if (rng)
        backend_rng_notify();
    if (kick)
        backend_kick();
}

static void disk_thread(uint64_t argument) {
    (void)argument;
    for (;;) {
        undo_lock_aside(vmm.machine);
        enum bh_error error = virtio_blk_complete(&vmm.machine->disk);
        vmm_unlock_and_kick();
        if (error == BH_EAGAIN)
            error = bh_ring_watch_completion(&vmm.ring);
        if (error && error != BH_ETIMEDOUT)
            bh_sleep_for(INPUT_RETRY_NS); // the server is being replaced
    }
}

// The console keeps what was typed until the guest's serial port has it. Up to where it has it the machine knows: what is seen twice, since the console died, or
// this domain, before it was forgotten, is not received twice.
static enum bh_error feed(const uint8_t *data, uint32_t size, uint32_t position, bh_cap event) {
    struct machine *machine = vmm.machine;
    undo_lock_aside(machine);
    uint32_t known = machine->typed - position, done = known <= size ? known : 0; // else the console has begun anew
    done += (uint32_t)ns16550_receive(&machine->uart, data + done, size - done);
    UNDO_SAVE(machine, &machine->typed);
    machine->typed = position + done;
    vmm_unlock_and_kick();
    if (done < size)
        (void)bh_event_wait(event, bh_time_ns() + INPUT_RETRY_NS); // until the guest has read
    return done ? console_forget(vmm.console, position + done) : BH_OK;
}

static void console_thread(uint64_t argument) {
    bh_cap event = (bh_cap)argument;
    uint8_t data[512];
    enum bh_error error = console_watch_input(vmm.console, event);
    for (;;) {
        uint32_t size = 0, position;
        if (!error)
            error = console_look(vmm.console, data, &size, &position);
        if (error) {
            bh_sleep_for(20 * INPUT_RETRY_NS);
            (void)bh_event_wait(event, bh_time_ns()); // what it was told of meanwhile it asks for now
            error = console_watch_input(vmm.console, event);
        } else if (size) {
            error = feed(data, size, position, event);
        } else {
            // A console that was restarted knows of no watcher: ask again from time to time.
            error = bh_event_wait(event, bh_time_ns() + WATCH_AGAIN_NS);
            if (error == BH_ETIMEDOUT)
                error = console_watch_input(vmm.console, event);
        }
    }
}

static enum bh_error map_named(const char *name, uint32_t rights, struct boot_file *file) {
    void *address;
    uint64_t size;
    enum bh_error error = bh_buffer_find(name, rights, &address, &size);
    if (!error)
        *file = (struct boot_file){address, size};
    return error;
}

// The TSC's rate against the kernel's clock, for the guest's CPUID and command line.
static uint32_t measure_tsc(void) {
    uint64_t start_ns = bh_time_ns(), start = host_tsc();
    bh_sleep_for(CALIBRATE_NS);
    uint64_t ns = bh_time_ns() - start_ns, ticks = host_tsc() - start;
    return ns ? (uint32_t)(ticks * 1000000 / ns) : 0;
}

// Registers 0 to 9 and the century of the real clock, when the manifest grants its ports.
static uint64_t wall_clock(void) {
    bh_cap ports;
    static const uint8_t registers[] = {0, 2, 4, 7, 8, 9};
    uint32_t value[6];
    if (bh_cap_find("rtc", &ports))
        return 0;
    for (int i = 0; i < 6; i++)
        if (ports_write(ports, 0x70, 1, registers[i]) || ports_read(ports, 0x71, 1, &value[i]))
            return 0;
    for (int i = 0; i < 6; i++)
        value[i] = (value[i] >> 4 & 15) * 10 + (value[i] & 15);
    return mc146818_seconds(2000 + value[5], value[4], value[3]) + value[2] * 3600 + value[1] * 60 + value[0];
}

// What an earlier guest has under way may still go to its memory, which is this one's.
static enum bh_error drain(uint64_t deadline_ns) {
    enum bh_error status;
    uint32_t slot;
    while (vmm.ring.in_flight && bh_time_ns() < deadline_ns)
        if (bh_ring_complete(&vmm.ring, &slot, &status, NULL) == BH_EAGAIN)
            (void)bh_ring_wait_completion(&vmm.ring, bh_time_ns() + CALIBRATE_NS);
    if (!vmm.ring.in_flight)
        return BH_OK;
    bh_error_log("%u requests of an earlier guest do not end", vmm.ring.in_flight);
    return BH_ETIMEDOUT;
}

static enum bh_error add_disk(struct machine *machine) {
    struct bh_block_info info;
    if (bh_cap_find("disk-info", &vmm.disk_info))
        return BH_OK; // a guest without a disk
    uint64_t deadline = bh_time_ns() + BH_SERVER_WAIT_NS;
    enum bh_error error = vmm.ring_attached ? BH_OK : bh_ring_attach("disk", &vmm.ring);
    if (!error)
        error = drain(deadline);
    while (!error && bh_may_pass(error = block_info(vmm.disk_info, &info)) && bh_time_ns() < deadline) {
        bh_sleep_for(CALIBRATE_NS); // its driver starts, or is being restarted
        error = BH_OK;
    }
    if (error) {
        bh_error_log("the disk is not usable: %s", bh_strerror(error));
        return error;
    }
    machine->has_disk = virtio_blk_create(&machine->disk, machine, &vmm.ring, &info);
    bh_info("disk: %llu sectors%s, serial '%s'", (unsigned long long)info.sector_count, info.read_only ? ", read only" : "", info.serial);
    return BH_OK;
}

enum bh_error vmm_start_threads(void) {
    bh_cap event;
    enum bh_error error = BH_OK;
    if (vmm.machine->has_disk)
        error = bh_thread_create(disk_thread, 0, DEVICE_PRIORITY);
    if (!error && vmm.console)
        error = bh_event_create(&event);
    if (!error && vmm.console)
        error = bh_thread_create(console_thread, event, DEVICE_PRIORITY);
    if (!error && vmm.machine->has_net)
        error = net_threads();
    if (!error && vmm.machine->has_rng)
        error = entropy_thread_start();
    return error;
}

enum bh_error vmm_open_vcpu(struct bh_vcpu_state **page) {
    uint64_t address, deadline = bh_time_ns() + BH_SERVER_WAIT_NS;
    enum bh_error error;
    while ((error = guest_vcpu_create(vmm.guest, 0, "vcpu", &address)) == BH_EBUSY && bh_time_ns() < deadline)
        bh_sleep_for(PAUSE_NS);
    if (!error)
        *page = (struct bh_vcpu_state *)address;
    return error;
}

static enum bh_error make_vcpu(struct bh_vcpu_state **page) {
    bh_cap memory;
    enum bh_error error = bh_cap_find("guest-memory", &memory);
    if (!error)
        error = guest_map(vmm.guest, memory, 0, 0, vmm.memory.size, RIGHTS_ALL);
    return error ? error : vmm_open_vcpu(page);
}

// Settings are short: a long command line comes in pieces, cmdline, cmdline1, cmdline2, ...
static void make_command_line(char *text, size_t size, uint32_t tsc_khz) {
    char setting[BH_SETTING_SIZE], key[16] = "cmdline";
    size_t used = 0;
    text[0] = 0;
    for (int i = 1; used < size; i++) {
        if (!bh_setting(key, setting, sizeof(setting)) || !*setting)
            break;
        used += (size_t)snprintf(text + used, size - used, "%s", setting);
        snprintf(key, sizeof(key), "cmdline%d", i);
    }
    if (used < size)
        snprintf(text + used, size - used, "%stsc_early_khz=%u", used ? " " : "", tsc_khz);
}

static enum bh_error find_memory(void) {
    static struct kept unkept;
    struct boot_file memory = {0}, kept = {0};
    enum bh_error error = map_named("guest-memory", BH_RIGHT_READ | BH_RIGHT_WRITE, &memory);
    if (error) {
        bh_error_log("no guest memory: grant a buffer named guest-memory: %s", bh_strerror(error));
        return error;
    }
    vmm.memory = (struct guest_memory){(uint8_t *)memory.data, memory.size};
    vmm.kept = &unkept;
    if (map_named("vmm-state", BH_RIGHT_READ | BH_RIGHT_WRITE, &kept))
        return BH_OK; // a guest that ends with its vmm
    if (kept.size < sizeof(unkept)) {
        bh_error_log("the buffer vmm-state has %llu bytes: %zu are needed", (unsigned long long)kept.size, sizeof(unkept));
        return BH_ENOSPC;
    }
    vmm.kept = (struct kept *)kept.data;
    return BH_OK;
}

// A machine as it is switched on, with its guest's kernel in memory.
static enum bh_error build(struct machine *machine, struct bh_vcpu_state *page) {
    static char command_line[BOOT_COMMAND_LINE_MAX];
    struct boot boot = {.memory = vmm.memory, .command_line = command_line};
    machine->memory = vmm.memory;
    machine->state = page;
    machine->tsc_khz = measure_tsc();
    (void)map_named("guest-kernel", BH_RIGHT_READ, &boot.kernel);
    (void)map_named("guest-initrd", BH_RIGHT_READ, &boot.initrd);
    make_command_line(command_line, sizeof(command_line), machine->tsc_khz);
    cpuid_create(machine->tsc_khz);
    enum bh_error error = bh_mutex_create(&machine->lock);
    if (error)
        return error;
    machine_create(machine);
    mc146818_set_time(&machine->rtc, wall_clock());
    error = add_disk(machine);
    if (!error)
        error = net_start(machine);
    if (!error)
        error = entropy_start(machine);
    if (!error && !acpi_tables_write(&machine->memory, &boot.rsdp))
        error = BH_ENOSPC;
    return error ? error : boot_load(&boot, machine->state);
}

// Everything up to the guest's first instruction. Refusals are in the log.
static enum bh_error boot_guest(void) {
    struct bh_vcpu_state *page;
    struct kept_area *area;
    kept_drop(vmm.kept);
    enum bh_error error = make_vcpu(&page);
    if (error) {
        bh_error_log("the guest's virtual CPU cannot be made: %s", bh_strerror(error));
        return error;
    }
    area = kept_prepare(vmm.kept);
    error = build(&area->machine, page);
    if (error)
        return error;
    vmm.machine = &area->machine;
    kept_switch(vmm.kept, area);
    error = vcpu_serve("vcpu", &vmm_methods, &vmm);
    if (!error)
        error = vmm_start_threads();
    return error ? error : guest_vcpu_start(vmm.guest, 0);
}

static enum bh_error start(void) {
    enum bh_error error = find_memory();
    return error || resume_guest() ? error : boot_guest();
}

static void find_capabilities(void) {
    (void)bh_cap_find("guest", &vmm.guest);
    (void)bh_cap_find("console", &vmm.console);
    (void)bh_cap_find("system", &vmm.system);
}

int main(void) {
    char on_exit[BH_SETTING_SIZE] = "power-off";
    uint32_t status = STATUS_NOT_STARTED;
    find_capabilities();
    if (bh_event_create(&vmm.ended))
        return 1;
    enum bh_error error = start();
    if (error) {
        bh_error_log("the guest does not start: %s", bh_strerror(error));
    } else {
        while (!vmm.machine->stopped)
            (void)bh_event_await(vmm.ended, 0);
        status = vmm.machine->status;
    }
    (void)bh_setting("on-exit", on_exit, sizeof(on_exit));
    if (vmm.system && strcmp(on_exit, "stop"))
        (void)system_power_off(vmm.system, status);
    return error ? 1 : 0;
}
