"""The rules of the trade. Standard library only: no Kafka, no Faust, no clock, no I/O.

What is said:
    vocabulary  the words: milestones, classifiers, scopes, reasons
    instant     a moment with its offset and quality
    event       what is said on the pipeline's own topics
    terms       billing terms
    decisions   what Milepost says to the world
    ids         ids made from what is said
    references  which reference names which order, and when

One order, in the order in which a message passes (`fold` puts it together):
    facts       what was told, each once
    order       the row: facts and ledger
    dossier     the standing facts, sorted by what they speak of
    portions    what of the order travels where, and what each portion holds
    statements  who is meant: statements brought down to portions
    quantities  how much was shipped, delivered, proven, and when
    billable    which of it counts under the terms
    gate        what may be invoiced now, and what stands in the way
    ledger      from there to decisions, each once
    status      how far the order and its shipments are
    money, dates    rounding, accounting dates
"""
