# accepted
# The closest legal form of hardened-note-with-contents.s.
        .include "attack.inc"
        hardened_note
        function bh_start
        ret
        end bh_start
