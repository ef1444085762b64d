// SPDX-License-Identifier: MIT
//
// Abstract interpretation of each function: in front of every instruction that control can reach, the depth of the control stack,
// which is one on all paths, and the registers that hold the slot's base on all paths. On the way every direct branch is checked for
// where it lands.
#include <stdlib.h>

#include "kernel/verifier/internal.h"

// What holds in front of an instruction.
struct state {
    int32_t depth;
    uint8_t anchors;
};

struct walk {
    struct verification *v;
    uint32_t start, end; // records of the function: [start, end)
    uint32_t *work;      // records whose successors are still to be looked at
    uint32_t work_count;
};

// Looks at an instruction again when fewer anchors reach it than was thought: nine times at most.
static enum bh_error reach(struct walk *walk, uint32_t to, struct state state) {
    struct verification *v = walk->v;
    struct record *record = &v->records[to];
    if (record->depth >= 0 && record->depth != state.depth)
        return refuse_code(v, RULE_DEPTH_MISMATCH, record->offset, "%d and %d bytes", record->depth, state.depth);
    uint8_t anchors = record->depth < 0 ? state.anchors : record->anchors & state.anchors;
    if (record->depth >= 0 && anchors == record->anchors)
        return BH_OK;
    record->depth = state.depth;
    record->anchors = anchors;
    if (!(record->flags & RECORD_QUEUED))
        walk->work[walk->work_count++] = to;
    record->flags |= RECORD_QUEUED;
    return BH_OK;
}

static enum bh_error fall_through(struct walk *walk, uint32_t from, struct state state) {
    if (from + 1 >= walk->end)
        return refuse_code(walk->v, RULE_FALL_THROUGH, walk->v->records[from].offset, "behind this instruction");
    return reach(walk, from + 1, state);
}

static enum bh_error branch(struct walk *walk, const struct record *record, struct state state) {
    struct verification *v = walk->v;
    uint32_t target = record_at(v, record->target);
    if (!target)
        return refuse_code(v, RULE_BRANCH_TARGET, record->offset, "0x%x is not the start of an instruction", record->target);
    target--;
    if (v->records[target].flags & RECORD_INSIDE)
        return refuse_code(v, RULE_BRANCH_SEQUENCE, record->offset, "to 0x%x", record->target);
    if (target >= walk->start && target < walk->end)
        return reach(walk, target, state);
    if (!(v->records[target].flags & RECORD_FUNCTION))
        return refuse_code(v, RULE_BRANCH_TARGET, record->offset, "0x%x is inside another function", record->target);
    if (state.depth)
        return refuse_code(v, RULE_RETURN_DEPTH, record->offset, "a tail jump with %d bytes on the stack", state.depth);
    return BH_OK;
}

// Every entry leads to an instruction of the function, in front of which the same holds as behind the jump.
static enum bh_error table_jump(struct walk *walk, const struct record *record, struct state state) {
    struct verification *v = walk->v;
    enum bh_error error = BH_OK;
    for (uint32_t i = 0; i < record->entries && !error; i++) {
        uint32_t place = table_target(v, record->target, i), target = place ? record_at(v, place) : 0;
        if (!target || target - 1 < walk->start || target - 1 >= walk->end)
            return refuse_code(v, RULE_JUMP_TABLE, record->offset, "entry %u is not the start of an instruction of this function", i);
        if (v->records[target - 1].flags & RECORD_INSIDE)
            return refuse_code(v, RULE_BRANCH_SEQUENCE, record->offset, "by entry %u to 0x%x", i, place);
        error = reach(walk, target - 1, state);
    }
    return error;
}

static enum bh_error call(struct verification *v, const struct record *record) {
    uint32_t target = record_at(v, record->target);
    if (!target || !(v->records[target - 1].flags & RECORD_FUNCTION))
        return refuse_code(v, RULE_CALL_TARGET, record->offset, "0x%x", record->target);
    return BH_OK;
}

static enum bh_error stack_access(struct verification *v, const struct record *record) {
    int64_t end = (int64_t)record->displacement + record->access;
    if ((record->flags & RECORD_STACK_STORE) && (record->displacement < 0 || end > record->depth))
        return refuse_code(v, RULE_FRAME_STORE, record->offset, "%u bytes at %d, the frame has %d", record->access,
                           record->displacement, record->depth);
    if ((record->flags & RECORD_STACK_LOAD) &&
        (record->displacement < 0 || end > record->depth + 8 + BH_STACK_ARGS_MAX))
        return refuse_code(v, RULE_FRAME_LOAD, record->offset, "%u bytes at %d, the frame has %d", record->access,
                           record->displacement, record->depth);
    return BH_OK;
}

// Frames of leaf functions may end at any multiple of four; whatever pushes wants the stack aligned.
static enum bh_error aligned(struct verification *v, const struct record *record) {
    return record->depth % 8 ? refuse_code(v, RULE_FRAME_DEPTH, record->offset, "%d bytes at a push or call", record->depth) : BH_OK;
}

static bool pushes(const struct record *record) {
    return record->kind == KIND_CALL || record->kind == KIND_INDIRECT_CALL || (record->kind == KIND_STACK && record->amount % 8 == 0);
}

// The context-dependent rules on the instruction itself.
static enum bh_error inspect(struct verification *v, const struct record *record) {
    enum bh_error error = stack_access(v, record);
    if (!error && pushes(record))
        error = aligned(v, record);
    if (!error && (record->needs & ~record->anchors))
        error = refuse_code(v, RULE_ANCHOR, record->offset, "on some path the register does not hold the base");
    return error;
}

static struct state behind(const struct record *record) {
    struct state state = {record->depth, (uint8_t)((record->anchors & ~record->kills) | record->sets)};
    if (record->kind == KIND_STACK)
        state.depth += record->amount;
    if (record->kind == KIND_CALL || record->kind == KIND_INDIRECT_CALL)
        state.anchors = 0;
    return state;
}

static enum bh_error step(struct walk *walk, uint32_t index) {
    struct verification *v = walk->v;
    struct record *record = &v->records[index];
    struct state state = behind(record);
    record->flags &= (uint8_t)~RECORD_QUEUED;
    enum bh_error error = inspect(v, record);
    if (error)
        return error;
    switch (record->kind) {
    case KIND_TRAP:
        return BH_OK;
    case KIND_PADDING: // a breakpoint goes on behind itself
        return refuse_code(v, RULE_INSTRUCTION, record->offset, "int3 is padding between functions, not code");
    case KIND_RETURN:
    case KIND_INDIRECT_JUMP:
        return state.depth ? refuse_code(v, RULE_RETURN_DEPTH, record->offset, "%d bytes on the stack", state.depth) : BH_OK;
    case KIND_TABLE_JUMP:
        return table_jump(walk, record, state);
    case KIND_JUMP:
        return branch(walk, record, state);
    case KIND_BRANCH:
        error = branch(walk, record, state);
        return error ? error : fall_through(walk, index, state);
    case KIND_CALL:
        error = call(v, record);
        return error ? error : fall_through(walk, index, state);
    case KIND_STACK:
        if (state.depth < 0 || state.depth > BH_FRAME_MAX)
            return refuse_code(v, RULE_FRAME_DEPTH, record->offset, "%d bytes", state.depth);
        return fall_through(walk, index, state);
    case KIND_INDIRECT_CALL:
    case KIND_PLAIN:
        return fall_through(walk, index, state);
    }
    return BH_OK;
}

static enum bh_error walk_function(struct walk *walk) {
    enum bh_error error = reach(walk, walk->start, (struct state){0});
    while (!error && walk->work_count)
        error = step(walk, walk->work[--walk->work_count]);
    return error;
}

static bool is_reached_call(const struct record *record) {
    return record->depth >= 0 && (record->kind == KIND_CALL || record->kind == KIND_INDIRECT_CALL);
}

// Where calls return to, with the depth there: the records are in order, and so is the table.
static enum bh_error keep_calls(struct verification *v) {
    struct verified_image *image = v->image;
    uint32_t count = 0, function = 0;
    for (uint32_t i = 0; i < v->record_count; i++)
        count += is_reached_call(&v->records[i]);
    image->calls = malloc((count + 1) * sizeof(*image->calls));
    if (!image->calls)
        return BH_ENOMEM;
    for (uint32_t i = 0; i < v->record_count; i++) {
        const struct record *record = &v->records[i];
        while (function + 1 < image->function_count && image->functions[function + 1] <= record->offset)
            function++;
        if (is_reached_call(record))
            image->calls[image->call_count++] =
                (struct verified_call){record->offset + record->size, (uint32_t)record->depth, function};
    }
    return BH_OK;
}

enum bh_error depth_check(struct verification *v) {
    const struct verified_image *image = v->image;
    struct walk walk = {.v = v, .work = malloc((v->record_count + 1) * sizeof(uint32_t))};
    enum bh_error error = walk.work ? BH_OK : BH_ENOMEM;
    for (uint32_t i = 0; i < image->function_count && !error; i++) {
        walk.start = record_at(v, image->functions[i]) - 1;
        walk.end = i + 1 < image->function_count ? record_at(v, image->functions[i + 1]) - 1 : v->record_count;
        pause_now();
        error = walk_function(&walk);
    }
    free(walk.work);
    return error ? error : keep_calls(v);
}
