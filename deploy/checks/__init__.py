"""The checks of `deploy/`: each takes what it judges and gives what is wrong with it, a line each; empty when well."""
