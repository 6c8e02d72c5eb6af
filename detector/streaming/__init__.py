"""The worker on Kafka: batches in, one transaction per partition and checkpoint out. Faust lives here and nowhere else."""
