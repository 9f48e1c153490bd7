"""The rules of the trade. Standard library only: no Kafka, no Faust, no clock, no I/O.

Each part knows only those above it; `lint-imports` holds that (`domain-layers` in pyproject.toml).

The words, and what is said with them:
    vocabulary  milestones, classifiers, scopes, reasons
    instant     a moment with its offset and quality
    amounts     quantities by order line: sums, differences, comparisons
    money, dates    rounding, accounting dates
    ids         ids made from what is said
    terms       billing terms
    event       what is said on the pipeline's own topics
    decisions   what Milepost says to the world; `plain` says it in words

Which order is meant:
    links, references, resolution   which reference names which order, and when
    snapshots   what happened, told from two snapshots of a document

What is known of one order:
    facts       what was told, each once
    cases       exceptions, disputes, blocks: open, or settled
    sorting     what a fact of each milestone adds to the standing facts
    standing, dossier   the standing facts, sorted by what they speak of
    order       the row: facts, ledger, and the `memory` of what was said

How much was shipped, delivered, proven, accepted, returned:
    goods       the answer: portions, and quantities of each
    portions    what of the order travels where (partial deliveries, several shipments)
    statements  who is meant: statements brought down to portions (packages, lines, the whole order)
    quantities  shipped, delivered, proven (proof of delivery), accepted by the customer
    returns     returned, coming back, lost
    steps       milestones that terms may list

What may be invoiced:
    verdict     the answer, as a value
    billable    what counts under the terms, and from when
    concessions what disputes took off
    obstacles   exceptions, disputes, blocks, returns, substitutes that stand in the way
    gate        what may be invoiced now, and what the rest waits for
    ledger      from there to decisions, each once: release, revoke, credit request

And then:
    status      how far the order and its shipments are
    scans       scans on the way, summarised
    watch       what is late, missing or contradictory, and tasks
    archive     when an order is closed
    fold        one step: a row and a message in, the row and what it has to say out
"""
