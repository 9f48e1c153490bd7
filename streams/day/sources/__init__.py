"""How each source words what happened: a raw record in its own shape, and the note of it in the truth.

erp      orders, changes, disputes and invoices
wms      picks and goods issues
tms      plans, transport events, proofs, exceptions
carrier  scans, in UPS Track Alert's shape or our own
"""
