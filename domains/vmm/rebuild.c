// SPDX-License-Identifier: MIT
//
// A machine from the state that a dead instance left: made as on the first day, so that every pointer and every wire is ours, and then each chip takes
// over its old registers as far as they make sense. The order: what was half done is put back; the chips are judged; only then the disk's ring is
// attached, which tells what of the disk is still under way and whether the last submission was made.
#include "cpuid.h"
#include "guest.h"
#include "kept.h"

static bool is_wanted(void *context, uint32_t slot, uint64_t sequence) {
    return virtio_blk_wants(context, slot, sequence);
}

static const char *attach_disk(struct machine *machine, struct machine *saved, struct bh_ring *ring, struct kept_finding *finding) {
    if (bh_ring_attach_again("disk", ring, is_wanted, &saved->disk))
        return "its disk's ring cannot be attached";
    finding->ring_attached = true;
    machine->has_disk = virtio_blk_create(&machine->disk, machine, ring, &saved->disk.info);
    return machine->has_disk ? NULL : "its disk finds no place on the bus";
}

// Does what a chip would take over make sense? Tried on the new machine, before anything outside is touched.
static const char *rebuild_chips(struct machine *machine, struct machine *saved, const struct kept_doors *doors) {
    if (!saved->tsc_khz || !device_flag(&saved->has_disk) || !device_flag(&saved->has_net) || !device_flag(&saved->has_rng) ||
        !device_flag(&saved->ask_again) || !device_flag(&saved->first))
        return "the machine's own fields";
    if (saved->has_disk != (doors->disk != NULL) || saved->has_net != (doors->net != NULL) || saved->has_rng != doors->entropy)
        return "it has a disk, a network or a source of entropy and the manifest has none, or the other way round";
    machine->tsc_khz = saved->tsc_khz;
    cpuid_create(machine->tsc_khz);
    if (bh_mutex_create(&machine->lock))
        return "there is no capability left for its lock";
    machine_create(machine);
    return machine_restore(machine, saved);
}

const char *kept_rebuild(struct machine *machine, struct kept_area *old, const struct kept_doors *doors, struct kept_finding *finding) {
    struct machine *saved = &old->machine;
    const char *why = kept_roll_back(old, machine->state, finding);
    if (!why)
        why = rebuild_chips(machine, saved, doors);
    if (!why && doors->disk)
        why = attach_disk(machine, saved, doors->disk, finding);
    if (!why && doors->net && !(machine->has_net = virtio_net_create(&machine->net, machine, doors->net, &saved->net.info)))
        why = "its network card finds no place on the bus";
    if (!why && doors->entropy && !(machine->has_rng = virtio_rng_create(&machine->rng, machine)))
        why = "its source of entropy finds no place on the bus";
    if (why)
        return why;
    kept_judge(old, machine->state, doors->disk, finding);
    why = machine_restore(machine, saved); // once more: adding devices has moved lines, and a submission may have been put back
    if (!why)
        why = pci_restore(&machine->pci, &saved->pci);
    if (!why && doors->disk)
        why = virtio_blk_restore(&machine->disk, &saved->disk);
    if (!why && doors->net)
        why = virtio_net_restore(&machine->net, &saved->net);
    if (!why && doors->entropy)
        why = virtio_rng_restore(&machine->rng, &saved->rng);
    bool died_in_it = finding->again && saved->first && saved->entry_rip == machine->state->exit_rip;
    machine->tries = died_in_it ? saved->tries + 1 : 0;
    machine->first = true;
    machine->entry_rip = NO_EXIT;
    machine->ask_again = finding->again;
    return why;
}
