"""Files through the detector's core, without Kafka: what a worker would have published, to the byte."""
