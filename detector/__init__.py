"""The value-decay detector: events of customers in, alerts that say whose value is decaying, why, and what to do."""
