# SPDX-License-Identifier: MIT
#
# Inside the domain: each test file that list.txt names, in an interpreter of its own, as SQLite's permutations.test does it. Behind each, a line
# for tcltests.py: what it was, tests, errors, and why it ended early if it did.
set argv0 test/run.tcl
set argv {--testdir=. --verbose=0}
set testdir test
fconfigure stdout -translation lf
source $testdir/tester.tcl

proc report_file {file} {
  set count [set_test_counter count]
  set errors [set_test_counter errors]
  puts "\n## begin $file"
  set why {}
  if {[catch {slave_test_file test/$file} message]} {
    set why [string map {\n { }} $message]
    catch {interp delete tinterp}
    catch {db close}
  }
  foreach name [set_test_counter fail_list] { puts "\n## failed $file $name" }
  puts "\n## end $file [expr {[set_test_counter count] - $count}] [expr {[set_test_counter errors] - $errors}] $why"
  # What failed may have left files open or settings changed: the next file gets another domain.
  if {$why ne "" || [set_test_counter errors] > $errors} { exit 1 }
}

set channel [open list.txt]
set files [split [string trim [read $channel]] \n]
close $channel
foreach file $files { report_file $file }
exit 0
