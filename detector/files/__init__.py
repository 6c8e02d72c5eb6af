"""NDJSON files of events and of exported logs: reading them, emitting them to Kafka, exporting a log into one.

Journey of a line: `ndjson` (lines of files) -> `bare` or `exported` (what the line says) -> `log` (records in order).
"""
