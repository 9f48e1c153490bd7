"""Raw records of all sources, read into statements in one shape.

detect                     which adapter reads a record
erp wms tms carrier terms  our own shapes (`docs/raw-records.md`)
ups                        UPS Track Alert webhooks
x12_214                    EDI shipment status, split by `connectors.edi`
codes, maps/               what status codes mean, as data
shapes                     kinds of text and number with their limits
times                      times with their offset and quality
x12_times                  dates, times and time codes of X12
references                 links between references and orders
effects                    what an exception does where its source does not say
origin                     where a record came from
refusal                    why a record cannot be read
"""
