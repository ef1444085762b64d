// SPDX-License-Identifier: MIT
//
// The NVMe driver against controllers that are honest, slow, broken or hostile.
#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

#define MS 1000000ull

static void ends_with(const char *expected) {
    const char *ending = fixture_run();
    cr_assert(strncmp(ending, expected, strlen(expected)) == 0, "it ended with `%s', not `%s'", ending, expected);
}

static void not_served(const char *words) {
    ends_with("returned 1");
    cr_assert(fixture_said(words), "it did not say `%s'", words);
}

#define MEDIA_ERROR 0x281

static void write_one(void) {
    fixture_request(BH_BLOCK_OPERATION_WRITE, 8, 0, 4096);
}

Test(nvme, writes_reads_and_flushes_over_all_queues) {
    for (uint32_t i = 0; i < WINDOW_SIZE / 2; i++)
        fixture_window[i] = (uint8_t)(i * 7 + i / 512);
    fixture_request(BH_BLOCK_OPERATION_WRITE, 3, 512, 1 << 19);
    fixture_request(BH_BLOCK_OPERATION_READ, 3, WINDOW_SIZE / 2 + 4, 1 << 19);
    fixture_request(BH_BLOCK_OPERATION_FLUSH, 0, 0, 0);
    ends_with("idle");
    cr_assert_eq(fixture.finished, 3, "all ended");
    cr_assert(memcmp(fixture_disk + 3 * 512, fixture_window + 512, 1 << 19) == 0, "written");
    cr_assert(fixture.commands[1] && fixture.commands[2], "both queues were used");
    cr_assert_eq(fixture.flushes, 1, "one flush");
}

Test(nvme, a_request_longer_than_the_controller_takes_is_cut) {
    fixture.transfer_shift = 1;
    fixture_request(BH_BLOCK_OPERATION_WRITE, 0, 512, 65536);
    ends_with("idle");
    cr_assert_eq(fixture.status_of[0], BH_OK, "it went well");
    cr_assert_eq(fixture.cut, 8, "in %u commands", fixture.cut);
}

Test(nvme, more_commands_than_there_is_room_for_wait) {
    fixture.cap = (fixture.cap & ~0xffffull) | 3; // four entries
    fixture.transfer_shift = 1;
    for (int i = 0; i < 20; i++)
        fixture_request(BH_BLOCK_OPERATION_WRITE, 0, 0, 1 << 18);
    ends_with("idle");
    cr_assert_eq(fixture.finished, 20, "all ended");
    cr_assert_eq(fixture.cut, 20 * 32, "whole");
}

Test(nvme, one_failing_command_fails_its_request_alone_and_once) {
    fixture.transfer_shift = 1;
    fixture.status = MEDIA_ERROR | NVME_NOT_AGAIN;
    fixture_request(BH_BLOCK_OPERATION_READ, 0, 0, 65536);
    write_one();
    ends_with("idle");
    cr_assert_eq(fixture.finished, 2, "both ended");
    cr_assert_eq(fixture.status_of[0], BH_EIO, "the first failed");
    cr_assert_eq(fixture.status_of[1], BH_OK, "the second did not");
}

Test(nvme, statuses_become_errors) {
    fixture.status = NVME_WRITE_PROTECTED | NVME_NOT_AGAIN;
    write_one();
    ends_with("idle");
    cr_assert_eq(fixture.status_of[0], BH_EREADONLY, "read only");
}

static void is_tried_again(uint16_t status) {
    fixture.status = status;
    write_one();
    ends_with("idle");
    cr_assert_eq(fixture.status_of[0], BH_OK, "in the end");
    cr_assert_eq(fixture.cut, 2, "two tries");
}

Test(nvme, what_is_not_ready_is_tried_again) {
    is_tried_again(NVME_NOT_READY);
}

Test(nvme, what_fails_is_tried_again) {
    is_tried_again(MEDIA_ERROR);
}

static void fails_always(struct nvme_completion *completion, uint16_t queue) {
    (void)queue;
    completion->status |= MEDIA_ERROR << 1;
}

Test(nvme, what_fails_each_time_fails) {
    fixture.tamper = fails_always;
    write_one();
    ends_with("idle");
    cr_assert_eq(fixture.status_of[0], BH_EIO, "refused");
    cr_assert_eq(fixture.cut, 4, "four tries");
}

Test(nvme, what_is_never_to_be_tried_again_is_not) {
    fixture.status = NVME_NOT_READY | NVME_NOT_AGAIN;
    write_one();
    ends_with("idle");
    cr_assert_eq(fixture.status_of[0], BH_EIO, "refused");
    cr_assert_eq(fixture.cut, 1, "one try");
}

// ---- time

Test(nvme, a_controller_that_never_becomes_ready_is_given_up) {
    fixture.never_ready = true;
    not_served("does not become ready within the 1500 ms");
    cr_assert(fixture.now < 3000 * MS, "in %llu ms", (unsigned long long)(fixture.now / MS));
}

Test(nvme, a_controller_that_fails_while_it_starts) {
    fixture.fails_at_start = true;
    not_served("has failed (status 0x3)");
}

Test(nvme, a_controller_that_is_not_there) {
    fixture.gone = true;
    fixture.cap = UINT64_MAX;
    ends_with("returned 1");
}

Test(nvme, a_controller_that_fails_later_is_left_to_a_successor) {
    fixture.fails_later = true;
    write_one();
    ends_with("panic: the controller has failed");
    cr_assert_eq(fixture.finished, 0, "the request stays in the log");
}

Test(nvme, lost_interrupts_cost_a_look) {
    fixture.no_interrupts = true;
    for (int i = 0; i < 10; i++)
        write_one();
    ends_with("idle");
    cr_assert_eq(fixture.finished, 10, "all ended");
    cr_assert_eq(fixture.aborts, 0, "none was late");
    cr_assert(fixture_said("its interrupt did not come"), "it is told");
}

// So many instances end over what was asked of them, each in a process of its own, and leave their notes.
static void instances_end(int count, const char *expected) {
    for (int i = 0; i < count; i++) {
        int status;
        if (!fork()) {
            fixture.silent = true;
            const char *ending = fixture_run();
            _exit(fixture_said("fails") || strncmp(ending, expected, strlen(expected)) != 0);
        }
        cr_assert(wait(&status) > 0 && status == 0, "instance %d did not end over it", i);
    }
}

static void keep_notes(void) {
    fixture.notes = mmap(NULL, NOTES_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

// Three instances end over requests that are not answered; the fourth one has a controller that works.
Test(nvme, requests_that_ended_three_instances_fail_and_others_go_on) {
    keep_notes();
    fixture.transfer_shift = 1;
    fixture_request(BH_BLOCK_OPERATION_WRITE, 8, 0, 32768); // of several commands: it counts once
    write_one();
    instances_end(3, "panic: command");
    for (int i = 0; i < 3; i++)
        write_one();
    ends_with("idle");
    for (uint32_t i = 0; i < 5; i++)
        cr_assert_eq(fixture.status_of[i], i < 2 ? BH_EIO : BH_OK, "request %u: %d", i, fixture.status_of[i]);
    cr_assert(fixture_said("request 2 ended 3 instances: it fails"), "it is told");
}

Test(nvme, a_request_that_ended_two_instances_is_tried_again) {
    keep_notes();
    fixture.abort_works = true;
    write_one();
    instances_end(2, "panic: a command");
    ends_with("idle");
    cr_assert_eq(fixture.status_of[0], BH_OK, "done in the end");
}

Test(nvme, a_command_that_does_not_end_is_aborted_and_sent_again) {
    fixture.silent_count = 2;
    fixture.abort_works = true;
    write_one();
    ends_with("idle");
    cr_assert_eq(fixture.status_of[0], BH_OK, "written in the end");
    cr_assert_eq(fixture.aborts, 2, "after two abortions");
}

Test(nvme, commands_that_are_late_again_and_again_end_the_driver) {
    fixture.silent = true;
    fixture.abort_works = true;
    write_one();
    ends_with("panic: a command of queue 1 took longer than 10000 ms, 4 times");
}

Test(nvme, what_can_not_be_aborted_ends_the_driver) {
    fixture.silent = true;
    write_one();
    ends_with("panic: command 62 of queue 1 does not end, nor can it be aborted");
    cr_assert(fixture.now < 25000 * MS, "in %llu ms", (unsigned long long)(fixture.now / MS));
}

Test(nvme, a_controller_that_does_not_answer_abortions_ends_the_driver) {
    fixture.silent = fixture.no_aborts = true;
    for (int i = 0; i < 20; i++)
        write_one();
    ends_with("panic: ");
    cr_assert(fixture.aborts <= 4, "%u abortions at a time", fixture.aborts);
}

// ---- lies

static void wrong_id(struct nvme_completion *completion, uint16_t queue) {
    (void)queue;
    completion->id ^= 1;
}

static void huge_id(struct nvme_completion *completion, uint16_t queue) {
    (void)queue;
    completion->id = 0xffff;
}

static void wrong_queue(struct nvme_completion *completion, uint16_t queue) {
    completion->queue = queue + 1;
}

static void wrong_head(struct nvme_completion *completion, uint16_t queue) {
    (void)queue;
    completion->head = 64;
}

static void wrong_phase(struct nvme_completion *completion, uint16_t queue) {
    (void)queue;
    completion->status ^= 1;
}

static void lie(void (*tamper)(struct nvme_completion *completion, uint16_t queue), const char *words) {
    fixture.tamper = tamper;
    write_one();
    ends_with("panic: the controller does not keep to the protocol");
    cr_assert(fixture_said(words), "it did not say `%s'", words);
    cr_assert_eq(fixture.finished, 0, "the request stays in the log");
}

Test(nvme, the_end_of_a_command_that_is_not_in_flight) {
    lie(wrong_id, "which is not in flight");
}

Test(nvme, the_end_of_a_command_that_cannot_be) {
    lie(huge_id, "ends command 65535 of queue 1");
}

Test(nvme, an_end_in_the_name_of_another_queue) {
    lie(wrong_queue, "in the name of queue 2");
}

Test(nvme, a_head_outside_the_queue) {
    lie(wrong_head, "head 64 of 64");
}

Test(nvme, an_end_of_the_wrong_phase_is_none) {
    fixture.tamper = wrong_phase;
    write_one();
    ends_with("panic: command 62 of queue 1 does not end");
}

// ---- bits that flip

static void wrong_block(struct nvme_command *commands) {
    commands[0].words[0] ^= 1u << 7;
    fixture.spoil = NULL;
}

static void shorter_request(struct nvme_command *commands) {
    (void)commands;
    fixture.requests[0].segment_count = 2; // as if the driver's copy had lost one: the ring has more than was made into commands
    fixture.requests[0].segments[1] = (struct bh_block_segment){65536, 4096, 0};
}

static void honest_request(struct nvme_command *commands) {
    (void)commands;
    fixture.requests[0].lba = 64;
}

Test(nvme, a_request_that_is_refused_for_what_the_client_did_not_say_is_the_successors) {
    fixture_request(BH_BLOCK_OPERATION_READ, DISK_SIZE / 512, 0, 4096); // as if that were the driver's copy
    fixture.spoil = honest_request;                                     // of this
    ends_with("panic: request 1 in slot 0: the error with which it is refused is 0x2 for the device, and 0x0 in the ring");
    cr_assert_eq(fixture.finished, 0, "the request stays in the log");
}

Test(nvme, a_command_for_another_block_than_the_rings_is_not_sent) {
    fixture.spoil = wrong_block;
    write_one();
    ends_with("panic: request 1 in slot 0: the block is 0x88 for the device, and 0x8 in the ring");
    cr_assert_eq(fixture.cut, 0, "nothing was sent");
    cr_assert_eq(fixture.finished, 0, "the request stays in the log");
}

Test(nvme, a_request_of_which_a_part_is_forgotten_is_not_sent) {
    fixture.spoil = shorter_request;
    write_one();
    ends_with("panic: request 1 in slot 0: its length is 0x1000 for the device, and 0x2000 in the ring");
    cr_assert_eq(fixture.cut, 0, "nothing was sent");
}

Test(nvme, a_command_of_which_it_is_not_certain_whose_it_is_ends_the_driver) {
    static uint8_t memory[2 * NVME_PAGE];
    static uint32_t doorbells[2];
    struct nvme_queue queue;
    struct nvme_end end;
    nvme_queue_create(&queue, 1, 8, memory, &doorbells[0], &doorbells[1]);
    nvme_queue_add(&queue, &(struct nvme_command){0}, 5, 0);
    ((struct nvme_completion *)(memory + NVME_PAGE))[0] = (struct nvme_completion){.queue = 1, .id = queue.submissions[0].id, .status = 1};
    queue.flights[queue.submissions[0].id].tag ^= 4;
    cr_assert_str_eq(fixture_catch(nvme_queue_take(&queue, &end)), "panic: command 6 of queue 1 belongs to 0x1 or to 0x5");
}

// The next end in `queue`, of command `id`.
static enum bh_error end_one(struct nvme_queue *queue, uint16_t id) {
    struct nvme_end end;
    queue->completions[queue->head] = (struct nvme_completion){.queue = 1, .id = id, .status = queue->phase};
    enum bh_error error = nvme_queue_take(queue, &end);
    if (!error)
        nvme_queue_release(queue, id);
    return error;
}

Test(nvme, each_bit_of_a_command_that_changes_while_it_is_done_ends_the_driver) {
    static uint8_t memory[2 * NVME_PAGE];
    static uint32_t doorbells[2];
    static struct nvme_queue queue;
    for (uint32_t bit = 0; bit < 8 * sizeof(struct nvme_command); bit++) {
        nvme_queue_create(&queue, 1, 3, memory, &doorbells[0], &doorbells[1]);
        nvme_queue_add(&queue, &(struct nvme_command){.opcode = NVME_WRITE, .words = {0x12345678}}, 5, 0);
        memory[bit / 8] ^= (uint8_t)(1u << bit % 8);
        cr_assert(strstr(fixture_catch(end_one(&queue, 1)), "of queue 1 has changed since it was sent"), "bit %u: %s", bit, fixture_ending);
    }
    nvme_queue_create(&queue, 1, 3, memory, &doorbells[0], &doorbells[1]);
    for (uint32_t i = 0; i < 4; i++) { // command 1 is under way all the time; the fourth takes its place
        nvme_queue_add(&queue, &(struct nvme_command){.opcode = NVME_READ, .words = {i}}, i, 0);
        cr_assert(i == 0 || end_one(&queue, 0) == BH_OK);
    }
    cr_assert_eq(end_one(&queue, 1), BH_OK, "nobody knows what it was");
}

static struct nvme_command *sent;

static void remember_sent(struct nvme_command *commands) {
    sent = commands;
}

static void change_list(struct nvme_completion *completion, uint16_t queue) {
    (void)completion, (void)queue;
    ((uint64_t *)sent->data[1])[2] ^= NVME_PAGE;
}

Test(nvme, a_list_of_pages_that_changes_while_it_is_used_ends_the_driver) {
    fixture.spoil = remember_sent;
    fixture.tamper = change_list;
    fixture_request(BH_BLOCK_OPERATION_WRITE, 0, 0, 65536);
    ends_with("panic: the list of pages of command 62 has changed since it was sent");
    cr_assert_eq(fixture.finished, 0, "the request stays in the log");
}

// Each command is answered at its fourth try, one at a time: none is late too often, and the request is in flight for minutes.
Test(nvme, a_request_that_takes_for_ever_ends_the_driver) {
    fixture.cap = (fixture.cap & ~0xffffull) | 1; // two entries
    fixture.queues_granted = 0x10000;
    fixture.transfer_shift = 1;
    fixture.abort_works = true;
    fixture.answers_every = 4;
    fixture_request(BH_BLOCK_OPERATION_WRITE, 0, 0, 1 << 18);
    ends_with("panic: the device has not answered 1 of 1 requests for 8");
    cr_assert(fixture.cut > 4, "commands were answered");
}

// ---- what it tells of itself

Test(nvme, doorbells_outside_the_window) {
    fixture.cap |= 15ull << 32;
    not_served("outside the controller's window");
}

Test(nvme, no_nvm_commands) {
    fixture.cap &= ~(1ull << 37);
    not_served("has no NVM commands");
}

Test(nvme, pages_that_are_too_big) {
    fixture.cap |= 1ull << 48;
    not_served("none for pages of 4096 bytes");
}

Test(nvme, blocks_that_cannot_be) {
    fixture.block_shift = 63;
    not_served("blocks of 2^63 bytes");
}

Test(nvme, more_blocks_than_can_be) {
    fixture.blocks = UINT64_MAX / 2;
    not_served("more than can be");
}

Test(nvme, several_namespaces_need_a_choice) {
    fixture.namespaces[1] = 7;
    not_served("several namespaces, 1, 7");
}

Test(nvme, a_namespace_that_is_not_there) {
    fixture.settings[0] = "namespace";
    fixture.settings[1] = "5";
    not_served("no namespace 5");
}

Test(nvme, a_setting_that_is_no_number) {
    fixture.settings[0] = "queues";
    fixture.settings[1] = "many";
    not_served("setting queues = \"many\"");
}

Test(nvme, fewer_queues_than_wanted) {
    fixture.queues_granted = 5u << 16; // one of submissions
    write_one();
    ends_with("idle");
    cr_assert(fixture_said("1 queue pairs"), "one pair");
    cr_assert_eq(fixture.status_of[0], BH_OK, "it works");
}

Test(nvme, a_serial_number_of_control_characters) {
    fixture.serial = "\x1b[31m\n";
    ends_with("idle");
    cr_assert(fixture_said("serial \"?[31m?\""), "harmless in the log");
}

Test(nvme, requests_that_must_be_refused) {
    fixture.block_shift = 12;
    fixture_request(BH_BLOCK_OPERATION_READ, 1, 0, 4096);                            // not at a block
    fixture_request(BH_BLOCK_OPERATION_READ, 0, 2, 4096);                            // not aligned
    fixture_request(BH_BLOCK_OPERATION_READ, 0, WINDOW_SIZE - 4096 + 512, 4096);     // outside the buffer
    fixture_request(BH_BLOCK_OPERATION_READ, DISK_SIZE / 512, 0, 4096);              // outside the disk
    fixture_request(BH_BLOCK_OPERATION_IDENTIFY, 0, 0, 512);
    struct bh_block_request *split = fixture_request(BH_BLOCK_OPERATION_WRITE, 0, 0, 2048); // a block in two places, as no command can have it
    split->segment_count = 2;
    split->segments[1] = (struct bh_block_segment){65536, 2048, 0};
    ends_with("idle");
    const enum bh_error expected[] = {BH_EINVAL, BH_EINVAL, BH_ERANGE, BH_ERANGE, BH_ENOTSUP, BH_EINVAL};
    for (uint32_t i = 0; i < fixture.request_count; i++)
        cr_assert_eq(fixture.status_of[i], expected[i], "request %u: %d", i, fixture.status_of[i]);
    cr_assert_eq(fixture.cut, 0, "nothing was sent");
}
