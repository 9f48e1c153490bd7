"""ANSI X12 interchanges, read strictly and without loading a file into memory.

problems     what can be wrong, each with a stable code
limits       how large things may be
delimiters   the separators that an ISA declares
scanner      bytes to segments
envelope     segments to interchanges, groups and transactions
reading      a whole file: what is in it, and which transactions may be taken
acknowledge  TA1, 997 and 999
"""
