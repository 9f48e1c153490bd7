"""UN/EDIFACT interchanges (ISO 9735, syntax 1 to 4, batch), read strictly; each message stands for itself.

problems     what can be wrong, each with a stable code
limits       how large things may be
segments     bytes to segments: service string advice, character sets, release characters (elements by pydifact)
envelope     segments to interchanges and messages, with every reference and count checked
acknowledge  CONTRL: written for what came, read of what we sent
"""
