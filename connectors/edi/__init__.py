"""EDI files at the edge: read and checked, acknowledged, split into raw records, published.

x12         ANSI X12: envelopes, segments, acknowledgements
edifact     UN/EDIFACT: the same
party       who speaks, and how counts are written in both
files       a file of either: what may be taken of it, what is to be answered
partners    what was agreed with whom
raw         one raw record for each transaction or message
remembered  interchanges that were taken before
ledger      what a drop remembers: these, our control numbers, acknowledgements we wait for
publishing  a file into Kafka, all or nothing, once
drop        a folder that files are put into
metrics     what a drop can be watched by
"""
