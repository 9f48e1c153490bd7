"""What is not as it should be: exceptions for operations, findings for finance, and the tasks that an order asks of others.

patience     how long each step may take before somebody is told
timers       deadlines against the row's clock, and when to look again
exceptions   delays, overdue milestones, quantities and answers that do not fit
findings     reconciliation of releases, invoices and credit memos (R1 to R12), by `checks` in `invoices` and `credits`
freight      the carrier's own invoices (R13)
tasks        what warehouse and transport are asked to do
watching     one step: all of these, and what changed since the last

What was last said is in the order's row (`streams.domain.memory`), so that each thing is said once.
All are functions of the order's facts, its ledger and the time that its row was told of. An order in which nothing is missing costs a
few comparisons; nothing at all where an event can have changed nothing (`watching.QUIET`).
"""
