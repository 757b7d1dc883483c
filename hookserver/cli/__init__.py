"""The command line: data on stdout, progress on stderr.

Each command imports what it needs itself, so that a long-running process has no module in memory that it does not use.
"""

from __future__ import annotations

import sys

import click

from hookserver import __version__
from hookserver.cli.apply import apply
from hookserver.cli.deploys import cancel, deploy, history, log, rollback, status
from hookserver.cli.images import cache, images
from hookserver.cli.processes import serve, up, worker
from hookserver.cli.settings import check, init
from hookserver.cli.tokens import token
from hookserver.cli.upkeep import lock, nginx, prune, unlock
from hookserver.errors import HookserverError

_CONFIG_PLACES = "$HOOKSERVER_CONFIG, ./hookserver.toml, /etc/hookserver/hookserver.toml"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="hookserver")
@click.option(
    "--config",
    "-c",
    metavar="FILE",
    help=f"The settings file [default: {_CONFIG_PLACES}].",
)
@click.pass_context
def cli(context: click.Context, config: str | None) -> None:
    """Deploys Java WAR projects to Tomcat behind Nginx: a push goes live without a failed request, or not at all.

    Exit codes: 0 done, 1 error, 2 wrong usage, 3 not found, 4 wrong settings, 5 refused (such as a locked app), 6 the
    deploy failed and the old release is still live, 130 interrupted.
    """
    context.obj = config


for _command in (
    *(init, check, apply, serve, worker, up),
    *(deploy, rollback, status, log, history, cancel),
    *(lock, unlock, prune, images, cache, token, nginx),
):
    cli.add_command(_command)


def main() -> None:
    """Run the command line; exit with the codes that ``hookserver --help`` lists."""
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
