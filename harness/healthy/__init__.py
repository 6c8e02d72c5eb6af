"""A fleet of healthy accounts: what the customers of a diligent company look like, so that every alert is a false one.

Seeded: the same seed, number of an account and days give the same events. Nothing here knows a rule.
"""
