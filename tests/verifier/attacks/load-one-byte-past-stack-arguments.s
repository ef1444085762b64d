# rule: FRAME_LOAD
# The first byte behind the stack arguments.
        .include "attack.inc"
        function bh_start
        movb 264(%rsp), %al
        ret
        end bh_start
