# rule: HARDENED
# A plain call through the table in a hardened image: where it is predicted to go is not the table's to say.
        .include "attack.inc"
        hardened_note
        function bh_start
        subq $8, %rsp
        call *%gs:0x10080
        addq $8, %rsp
        ret
        end bh_start
