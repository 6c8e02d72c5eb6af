"""What tests on a broker and benchmarks share: a seeded load, and the commands as a person calls them."""
