# accepted
# The closest legal form of string-load.s.
        .include "attack.inc"
        function bh_start
        movb %gs:(%esi), %al
        incq %rsi
        ret
        end bh_start
