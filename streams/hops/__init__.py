"""The steps of the pipeline, each a `streams.hop.Hop`.

normalize  raw records to statements
resolve    references to orders
shipment   statements to milestones, status, decisions and holds
"""
