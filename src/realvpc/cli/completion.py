"""`realvpc completion`: what a shell needs to complete commands, options and instances."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, get_completion_class

_NO_SPACE = """    [[ ${COMPREPLY[0]} == *: ]] && compopt -o nospace

    return 0"""


class _Bash(BashComplete):
    """After `INSTANCE:` the path follows at once."""

    source_template = BashComplete.source_template.replace("    return 0", _NO_SPACE)


@click.command("completion", short_help="Print a shell's completion script.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion_command(ctx: click.Context, shell: str) -> None:
    """Print the script that lets SHELL complete commands, options, instances and accounts.

    \b
    For good:
      realvpc completion bash > ~/.local/share/bash-completion/completions/realvpc
      realvpc completion zsh  > "${fpath[1]}/_realvpc"
      realvpc completion fish > ~/.config/fish/completions/realvpc.fish
    \b
    For this shell only, where realvpc is in the PATH:
      eval "$(realvpc completion bash)"
    """
    kind = _Bash if shell == "bash" else get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"there is no completion for {shell}")
    click.echo(kind(ctx.find_root().command, {}, "realvpc", "_REALVPC_COMPLETE").source())
