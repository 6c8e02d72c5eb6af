"""The contract: what comes in, what goes out, and the topics. Imports pydantic and nothing of the detector."""
