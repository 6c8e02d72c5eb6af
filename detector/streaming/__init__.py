"""The worker on Kafka: batches in, one transaction per partition and checkpoint out. Faust lives in this room only."""
