"""Rules as data: the packs, the words they are written in, and the way from their rows to a plan."""
