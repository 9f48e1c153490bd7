"""Raw records of all sources, read into statements in one shape.

detect                     which adapter reads a record
erp wms wms_snapshot tms carrier terms  our own shapes (`docs/raw-records.md`)
ups fedex dhl_express dhl_unified dcsa epcis    carriers' own formats and standards
easypost aftership project44 sap_gtt shopify otm    platforms that pass on what carriers say
idoc_orders idoc_delivery idoc_invoice    SAP IDocs; idoc is what they share, sap how SAP writes things
sap_s4 sap_s4_events shopify_orders oracle netsuite dynamics    other ERPs and shops
x12_214 x12_warehouse x12_856 x12_load x12_billing    EDI sets, split by `connectors.edi`
edifact_iftsta edifact_invoic                   EDIFACT messages
x12 edifact agreed         what these share, and what was agreed with whom sends them
plans                      what a transport plan says
scans                      from a code's meaning to statements
codes, maps/               what status codes mean, as data
shapes                     kinds of text and number with their limits
times                      times with their offset and quality
x12_times                  dates, times and time codes of X12
references                 links between references and orders
origin                     where a record came from
refusal                    why a record cannot be read
holding                    which orders a refused record is about
"""
