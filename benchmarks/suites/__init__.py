"""Benchmarks: each module has ``run(run) -> Result``; its docstring's first line is its help."""
