"""The core: facts, verdicts and the life of alerts. Pure, synchronous, without a clock."""
