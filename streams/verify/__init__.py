"""Proves from the topics alone that each hop sent exactly what it had to.

    run       reads a cluster: `verify`
    lag       how far the workers are behind
    snapshot  how far the cluster was
    group     the workers' committed offsets
    reader    one topic, committed records only
    audit     runs the hops over what was read, and says what they must have sent
    ledger    compares that with what is there
    judge     tells records apart, and says in words what differs
    state     compares stored rows with recomputed ones
    findings  the report

It shares the hops with the engine, for they are what is to be proven, and nothing else.
"""

from streams.verify.audit import Audit
from streams.verify.findings import Finding, Kind, Report
from streams.verify.layout import Layout
from streams.verify.run import verify

__all__ = ["Audit", "Finding", "Kind", "Layout", "Report", "verify"]
