"""What goes over the wire and into the store.

registry  schemas by id: the `avro/` folder
remote    a schema registry elsewhere (`SCHEMA_REGISTRY_URL`)
wire      which schema wrote a value, and raw records of any producer as plain data
codec     Avro bodies straight from and to objects
messages  the pipeline's own messages
outputs   what Milepost emits
rows      stored rows
"""
