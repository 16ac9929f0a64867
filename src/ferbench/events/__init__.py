"""Signals from expressions, and rules that turn a signal into events."""
