"""The command line: thin, data on stdout, progress on stderr.

Each command imports what it needs itself: a long-running process must not carry what only another one uses.
"""

from __future__ import annotations

import sys

import click

from hookserver import __version__
from hookserver.cli.apply import apply
from hookserver.cli.deploys import cancel, deploy, history, log, rollback, status
from hookserver.cli.processes import serve, up, worker
from hookserver.cli.settings import check, init
from hookserver.cli.tokens import token
from hookserver.cli.upkeep import lock, nginx, prune, unlock
from hookserver.errors import HookserverError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="hookserver")
@click.option(
    "--config", "-c", metavar="FILE", help="The settings file; else $HOOKSERVER_CONFIG, ./hookserver.toml, /etc."
)
@click.pass_context
def cli(context: click.Context, config: str | None) -> None:
    """A push of a Java WAR project goes live without one failed request, or the old version keeps serving."""
    context.obj = config


for _command in (
    *(init, check, apply, serve, worker, up),
    *(deploy, rollback, status, log, history, cancel),
    *(lock, unlock, prune, token, nginx),
):
    cli.add_command(_command)


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 error, 2 usage, 3 not found, 4 settings, 5 refused, 6 failed."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except HookserverError as error:
        click.secho(str(error), fg="red", err=True)
        sys.exit(error.exit_code)
