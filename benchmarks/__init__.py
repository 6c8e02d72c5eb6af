"""Measurements, each a command: what one worker does in a second, and where its time goes."""
