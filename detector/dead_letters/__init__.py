"""What an operator does about dead letters: find them, look at one, send again what would be taken now."""
