"""What is measured: our ways, the peers' ways, and the limits."""
