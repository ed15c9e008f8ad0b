"""The command line: one file per verb; what is slow to import, a verb imports itself."""

import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line.

    The exit code: 0 done, 1 a check found faults, 2 bad input, 130 interrupted.
    """
    import typer

    from regard.cli.app import command

    for stream in (sys.stdout, sys.stderr):  # UTF-8 and \n whatever the machine's locale
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
    words = list(sys.argv[1:] if arguments is None else arguments)
    usage = typer.BadParameter.__mro__[2]  # click's base error, wherever typer keeps click
    try:
        with command().make_context("regard", words or ["--help"]) as context:
            command().invoke(context)
        sys.stdout.flush()
        return 0
    except typer.Exit as done:
        return done.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return complain("interrupted", 130)
    except BrokenPipeError:  # the reader has gone: nothing to say, and nobody to say it to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        return complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except ValueError as error:
        if not meant(error):
            raise
        return complain(str(error))
    except usage as error:  # type: ignore[misc]
        context = getattr(error, "ctx", None)
        where = context.command_path if context else "regard"
        return complain(f"{error.format_message()} (see `{where} --help`)")  # type: ignore[attr-defined]


def complain(sentence: str, code: int = 2) -> int:
    """Say on one line of standard error what is wrong; the exit code."""
    print("regard:", " ".join(sentence.split("\n")), file=sys.stderr)
    return code


def meant(error: ValueError) -> bool:
    """Is this a sentence of our own about bad input, and not a fault inside some library?"""
    from regard.recipe import UserError

    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    raiser = trace.tb_frame.f_globals.get("__name__", "") if trace else ""
    return isinstance(error, UserError) or raiser.startswith("regard.")
