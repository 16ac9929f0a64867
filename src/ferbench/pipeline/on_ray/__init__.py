"""Shared passes as tasks on a Ray cluster. Nothing here imports Ray before it is asked for."""
