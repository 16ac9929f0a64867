"""Experiment tracking; MLflow is known only here."""
