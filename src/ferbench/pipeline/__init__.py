"""Stages, their stored tables, and the evaluation of a data set."""
