"""The Hydra entry behind ``python run.py`` and ``ferbench run``: single runs and sweeps."""

from __future__ import annotations

import os
import sys
import traceback
from concurrent.futures import BrokenExecutor
from typing import TYPE_CHECKING

import hydra

from ferbench.app.showing import show_readable
from ferbench.config.resolvers import register_resolvers
from ferbench.secret_texts import masked

if TYPE_CHECKING:
    from omegaconf import DictConfig


@hydra.main(version_base="1.3", config_path="pkg://ferbench.conf", config_name="config")
def _task(config: DictConfig) -> None:
    """What Hydra calls for a run and for each cell of a sweep."""
    from ferbench.app.hydra.task import run_hydra_job

    run_hydra_job(config)


def main() -> None:
    """Compose the command line's configuration and run it.

    Exits with 0 where all sessions worked, with 1 where something failed.
    """
    show_readable()
    os.environ["HYDRA_FULL_ERROR"] = "1"  # let errors reach us: they are shown without a stack
    from ferbench.app.console import tell_finishing
    from ferbench.app.hydra import status
    from ferbench.config.arguments import sweep_flag_first, with_quotes
    from ferbench.config.hydra_options import check_options
    from ferbench.config.loader import check_hydras_program
    from ferbench.config.secret_values import hide_passwords
    from ferbench.interrupts import heed_signals
    from ferbench.rights import keep_private

    register_resolvers()
    check_hydras_program()
    sys.argv[1:] = with_quotes(hide_passwords(sweep_flag_first(sys.argv[1:])))
    heed_signals(tell_finishing)
    try:
        keep_private()
        check_options(sys.argv[1:])
        _task()
    except KeyboardInterrupt:
        status.abandon("interrupted")
        sys.stderr.write("interrupted; what was finished is kept\n")
        sys.exit(130)
    except BrokenPipeError as error:  # of --help, --cfg; a run goes on without its reader
        from ferbench.app.console import unread

        unread(sys.stdout)
        status.abandon(type(error).__name__)
    except Exception as error:
        status.abandon(type(error).__name__)
        text = explain(error, sys.argv[1:]) or _masked_stack(error)
        if text is None:
            raise
        sys.stderr.write(f"{text}\n")
        sys.exit(1)
    sys.exit(status.exit_code())


def _masked_stack(error: Exception) -> str | None:
    """The stack of an error that tells a secret, without it; None = it tells none."""
    stack = "".join(traceback.format_exception(error))
    return masked(stack) if masked(stack) != stack else None


def explain(error: Exception, arguments: list[str]) -> str | None:
    """A message for an error that a user can mend, None for any other.

    Args:
        error: of Hydra, OmegaConf or ferbench, or of the operating system.
        arguments: of the command line.
    """
    from ferbench.app.words import RunWords
    from ferbench.config.messages import config_error
    from ferbench.errors import FerbenchError
    from ferbench.system_errors import FORESEEN, said

    overrides = [text for text in arguments if "=" in text and text[0] != "-"]
    known = error if isinstance(error, FerbenchError) else config_error(error, overrides)
    if known is not None:
        return f"{type(known).__name__}: {known.told(RunWords())}"
    if isinstance(error, BrokenExecutor) or type(error).__module__.startswith("submitit."):
        reason = str(error).splitlines()[0]
        return f"a cell's process was ended from outside, mostly for want of memory ({reason})"
    if isinstance(error, FORESEEN):
        return f"{masked(said(error))}. Runs are kept below paths.root; it can be another folder"
    return None
