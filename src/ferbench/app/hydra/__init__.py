"""Runs and sweeps through Hydra."""
