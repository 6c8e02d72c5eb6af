"""The demo: what happens in it, and the show of it."""
