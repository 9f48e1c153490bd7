"""EDI files at the edge: read and checked, acknowledged, split into raw records.

x12         ANSI X12: envelopes, segments, acknowledgements
raw         one raw record for each transaction
remembered  interchanges that were taken before
"""
