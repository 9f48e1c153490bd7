"""The rules of the trade. Standard library only: no Kafka, no Faust, no clock, no I/O.

    vocabulary  the words: milestones, classifiers, scopes, reasons
    instant     a moment with its offset and quality
    event       what is said on the pipeline's own topics
    terms       billing terms
    decisions   what Milepost says to the world
    ids         ids made from what is said
"""
