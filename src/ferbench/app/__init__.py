"""The command line and the Hydra entry: the only package that knows hydra, omegaconf and typer."""
