# accepted
# The closest legal form of translate.s.
        .include "attack.inc"
        function bh_start
        movb %gs:(%ebx), %al
        ret
        end bh_start
