# rule: FRAME_LOAD
# Loads further above the frame than any stack argument may lie: into somebody else's frame.
        .include "attack.inc"
        function bh_start
        movq 264(%rsp), %rax
        ret
        end bh_start
