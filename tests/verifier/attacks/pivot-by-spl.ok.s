# accepted
# The closest legal form of pivot-by-spl.s.
        .include "attack.inc"
        function bh_start
        movb %al, %bpl
        ret
        end bh_start
