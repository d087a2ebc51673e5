"""lictor's verbs: what they are called and take; each imports its room when it runs."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import click

from lictor import errors

_USAGE = 2


class _Group(click.Group):
    """Ends every verb in an exit code, and an error of ours in its text alone."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        try:
            return super().invoke(ctx)
        except errors.LictorError as error:
            if os.environ.get("LICTOR_DEBUG"):
                raise
            click.echo(f"error: {error}", err=True)
            ctx.exit(_USAGE if isinstance(error, errors.SettingsError) else 1)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lictor")
def main() -> None:
    """Consul decides, Pulumi records, AWS follows."""


def _place(command: Any) -> Any:  # noqa: ANN401 - click's decorators
    """Add what says which stack is meant."""
    command = click.option("--stack", "-s", help="Name of the stack; default: the selected one.")(
        command
    )
    return click.option(
        "--cwd",
        "-C",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        default=".",
        help="Folder of the Pulumi project.",
    )(command)


class _Path(click.ParamType[Path]):
    """A path as it was written; whether it can be read is seen when it is."""

    name = "path"

    def convert(self, value: Any, _param: Any, _ctx: Any) -> Path:  # noqa: ANN401 - click's signature
        return Path(value)


def _stack(command: Any) -> Any:  # noqa: ANN401 - click's decorators
    """Add what every verb takes that runs the stack."""
    for option in (
        _place,
        click.option("--whole-stack", is_flag=True, help="Run all of the stack's resources."),
        click.option("--verbose", "-v", is_flag=True, help="Print all that Pulumi prints."),
        click.option("--log-json", is_flag=True, help="A JSON object on every line."),
    ):
        command = option(command)
    return command


def _files(command: Any) -> Any:  # noqa: ANN401 - click's decorators
    """Add what has a verb take files of consul-ec2-alb in place of a project."""
    command = click.option(
        "--state",
        metavar="URL",
        default="",
        help="Backend for the state of files; default: below XDG_STATE_HOME.",
    )(command)
    return click.argument("files", nargs=-1, metavar="[FILE.hcl]...", type=_Path())(command)


_FILE = click.option(
    "--file",
    "-f",
    "files",
    multiple=True,
    type=_Path(),
    metavar="FILE.hcl",
    help="Files of consul-ec2-alb, as the watcher has them, in place of a project.",
)


def _about(cwd: Path, stack: str | None, files: tuple[Path, ...], state: str = "") -> Any:  # noqa: ANN401 - an About
    from lictor.watch.opening import About  # noqa: PLC0415 - see the module's docstring

    return About(cwd.resolve(), stack or "", files, state)


@main.command()
@_stack
@_files
@click.option("--refresh", "-r", is_flag=True, help="Compare state with AWS first.")
@click.option(
    "--allow-removal",
    metavar="NAMES",
    default="",
    envvar="LICTOR_ALLOW_REMOVAL",
    help="Let the removals of these resources through the guards, this once; * for all.",
)
def up(**options: Any) -> None:  # noqa: ANN401 - click's options
    """Bring target groups to what Consul says, once."""
    sys.exit(_once(dry=False, **options))


@main.command()
@_stack
@_files
@click.option("--refresh", "-r", is_flag=True, help="Compare state with AWS first.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--markdown", is_flag=True, help="Print a table for a pull request.")
def preview(**options: Any) -> None:  # noqa: ANN401 - click's options
    """Tell what `lictor up` would do."""
    sys.exit(_once(dry=True, **options))


def _once(  # noqa: PLR0913 - the verbs' options
    *,
    dry: bool,
    stack: str | None,
    cwd: Path,
    files: tuple[Path, ...],
    state: str,
    whole_stack: bool,
    verbose: bool,
    log_json: bool,
    refresh: bool,
    allow_removal: str = "",
    as_json: bool = False,
    markdown: bool = False,
) -> int:
    from lictor.watch import once, report, telling  # noqa: PLC0415 - see the module's docstring
    from lictor.watch.opening import opened  # noqa: PLC0415 - see the module's docstring

    wish = once.Wish(
        dry=dry, refresh=refresh, whole=whole_stack, allow_removal=allow_removal, verbose=verbose
    )
    out = sys.stderr if as_json or markdown else sys.stdout
    teller = telling.Teller(json=log_json, out=out)
    about = _about(cwd, stack, files, state)
    with opened(about, dry=dry) as made, made.serving() as engine:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: engine.interrupt())
        outcome, verdict = once.once(engine, wish, teller)
    if as_json:
        click.echo(report.document(outcome.groups, verdict))
    elif markdown:
        click.echo(report.markdown(outcome.groups))
    return verdict.code


_LOCK_PREFIX = click.option(
    "--lock-prefix", default="lictor", help="Where in Consul's keys lock and pauses are."
)


@main.command()
@_place
@_FILE
@_LOCK_PREFIX
@click.argument("name", default="")
@click.option("--for", "duration", help="For how long, such as 30m; default: until resumed.")
def pause(lock_prefix: str, name: str, duration: str | None, **about: Any) -> None:  # noqa: ANN401 - click's options
    """Have watchers leave the resource NAME, or the whole stack, as it is."""
    from lictor.settings import duration as durations  # noqa: PLC0415 - see the docstring
    from lictor.watch import pauses  # noqa: PLC0415 - see the module's docstring
    from lictor.watch.opening import opened  # noqa: PLC0415 - see the module's docstring

    try:
        seconds = durations.read(duration) if duration else None
    except ValueError as error:
        raise errors.SettingsError(f"--for: {error}; found {duration!r}") from None
    with opened(_about(**about), dry=True) as engine:
        click.echo(pauses.pause(engine, lock_prefix, name, seconds))


@main.command()
@_place
@_FILE
@_LOCK_PREFIX
@click.argument("name", default="")
def resume(lock_prefix: str, name: str, **about: Any) -> None:  # noqa: ANN401 - click's options
    """End a pause of the resource NAME, or of the whole stack."""
    from lictor.watch import pauses  # noqa: PLC0415 - see the module's docstring
    from lictor.watch.opening import opened  # noqa: PLC0415 - see the module's docstring

    with opened(_about(**about), dry=True) as engine:
        click.echo(pauses.resume(engine, lock_prefix, name))


@main.command()
@_place
@_files
@_LOCK_PREFIX
def doctor(lock_prefix: str, **about: Any) -> None:  # noqa: ANN401 - click's options
    """Try all that a run and a watch need: one line each, with a remedy."""
    from lictor.watch.doctor import Examination  # noqa: PLC0415 - see the module's docstring
    from lictor.watch.opening import opened  # noqa: PLC0415 - see the module's docstring

    what = _about(**about)
    with opened(what, dry=True) as engine:
        findings = Examination(engine, lock_prefix, leads=not what.alone).all()
    for finding in findings:
        click.echo(finding)
    sys.exit(0 if all(finding.well for finding in findings) else 1)


@main.command()
@_place
@_files
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(as_json: bool, **about: Any) -> None:  # noqa: ANN401, FBT001 - click's
    """Show each target as Consul and the load balancer see it; what disagrees comes first."""
    from lictor.watch import agreement, looking  # noqa: PLC0415 - see the module's docstring
    from lictor.watch.opening import opened  # noqa: PLC0415 - see the module's docstring

    with opened(_about(**about), dry=True) as engine:
        rows = looking.glance(engine)
    click.echo(agreement.json(rows) if as_json else agreement.table(rows))


@main.command()
@_stack
@_files
@click.option("--once", "only_once", is_flag=True, help="Run once, then end.")
@click.option("--dry-run", is_flag=True, help="Preview at each change; change nothing.")
@click.option("--wait", metavar="MIN:MAX", default="200ms:2s", help="How a burst is gathered.")
@click.option("--resync", default="10m", help="How often state is compared with AWS; 0: never.")
@click.option("--poll", default="30s", help="How often prepared queries are executed.")
@click.option("--lock-timeout", default="5m", help="How long a locked stack is waited for.")
@click.option("--listen", metavar="HOST:PORT", default="", help="Status page, health, metrics.")
@_LOCK_PREFIX
@click.option("--no-lock", is_flag=True, help="Neither a lock nor pauses: one watcher only.")
def watch(**options: Any) -> None:  # noqa: ANN401 - click's options
    """Run the stack at each change of Consul's, for ever.

    With files of consul-ec2-alb no Pulumi project is needed: they say which target groups are
    kept, and state is kept below XDG_STATE_HOME, or at --state.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # nothing is read yet that could be old
    from lictor.watch import daemon  # noqa: PLC0415 - see the module's docstring

    sys.exit(daemon.watch(daemon.options(**options)))


@main.command("join-address")
@click.option("--tag", required=True, metavar="KEY=VALUE", help="Tag of the instances to join.")
@click.option("--region", default="", help="Where; default: AWS_REGION, AWS's files, the instance.")
@click.option("--wait", default="0s", help="How long to look again while there is none.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["lines", "retry-join", "json"]),
    default="lines",
    help="One a line, a line of Consul's config, or a list.",
)
def join_address(tag: str, region: str, wait: str, form: str) -> None:
    """Print the private addresses of the instances that carry a tag, this one left out."""
    from lictor import joining  # noqa: PLC0415 - see the module's docstring

    wish = joining.Wish.read(tag, region, wait)
    found = joining.addresses(wish, lambda text: click.echo(text, err=True))
    click.echo(joining.Form(form).of(found))


@main.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE.hcl...", type=_Path())
def convert(files: tuple[Path, ...]) -> None:
    """Write files of consul-ec2-alb as a stack's file; say which secrets are to be set."""
    from lictor.settings import alb, yaml  # noqa: PLC0415 - see the module's docstring

    wanted = alb.read(files)
    click.echo(yaml.stack_file(wanted), nl=False)
    for command in yaml.secrets(wanted):
        click.echo(command, err=True)


@main.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def esm(arguments: tuple[str, ...]) -> None:
    """Monitor external services; takes the flags and files of consul-esm: -h lists them."""
    try:
        from lictor.esm import run  # noqa: PLC0415 - see the module's docstring
    except ModuleNotFoundError as error:
        if error.name not in ("h2", "icmplib"):
            raise
        click.echo("error: `lictor esm` needs more packages: pip install 'lictor[esm]'", err=True)
        sys.exit(1)
    sys.exit(run.main(arguments))
