"""What can happen to an order, one function a situation, named in the field's terms. Each writes its records and notes the truth.

delivery  how much is delivered, in how many consignments
changes   orders changed and cancelled
proof     proof of delivery: early, late, by silence, never
trouble   exceptions and disputes
finance   terms and invoices
channels  the same facts told twice, out of order, too early, or as an estimate
refused   records about an order that cannot be read
strays    records of no order
"""
