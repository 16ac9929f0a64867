"""The program: ``ferbench run`` goes straight to Hydra, every other command to typer."""

from __future__ import annotations

import sys

from ferbench.app.showing import readable_options, show_readable
from ferbench.errors import FerbenchError
from ferbench.system_errors import FORESEEN, said


def main() -> None:
    """Run the command line; an error that can be foreseen is one message, with exit code 1."""
    show_readable()
    try:
        _run_command()
    finally:
        _forget_interrupt()


def _run_command() -> None:
    if sys.argv[1:2] == ["run"]:
        sys.argv = ["ferbench run", *sys.argv[2:]]
        from ferbench.app.hydra.entry import main as run_main

        run_main()
        return
    from ferbench.app.cli.commands import app
    from ferbench.app.words import OptionWords
    from ferbench.rights import keep_private
    from ferbench.secret_texts import masked

    try:
        keep_private()
        app(args=readable_options(sys.argv[1:]))
    except FerbenchError as error:
        sys.stderr.write(f"{type(error).__name__}: {error.told(OptionWords())}\n")
        sys.exit(1)
    except FORESEEN as error:
        sys.stderr.write(f"{masked(said(error))}\n")
        sys.exit(1)


def _forget_interrupt() -> None:
    """Let the exit code be ours after Ctrl-C.

    Python notes a KeyboardInterrupt that leaves code made out of text (a dataclass is made so), and
    ends ``python -m`` by the signal then, although the interrupt was dealt with. The next code made
    out of text takes the note away.
    """
    exec("")


if __name__ == "__main__":
    main()
