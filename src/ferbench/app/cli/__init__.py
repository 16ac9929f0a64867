"""The ``ferbench`` command: options to a workflow, its result to the screen."""
