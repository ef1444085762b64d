# rule: STACK_POINTER
# Changes the lowest byte of %rsp only.
        .include "attack.inc"
        function bh_start
        movb %al, %spl
        ret
        end bh_start
