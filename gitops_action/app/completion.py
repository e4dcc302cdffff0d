"""Completion scripts for shells, made from the declaration of commands and flags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gitops_action.core.inputs import Command

COMPLETION_FLAG = "--completion"
SHELLS = ("bash", "zsh", "fish")
_GENERAL = ("--help", "--version", COMPLETION_FLAG)


def completion(shell: str, program: str, commands: Sequence[Command]) -> str:
    """The script that a shell reads: commands first, then their words, flags and choices."""
    if shell == "fish":
        lines = _fish(program, commands)
    elif shell == "zsh":
        lines = _zsh(program, commands)
    else:
        lines = _bash(program, commands)
    return "".join(f"{line}\n" for line in lines)


def _words(command: Command) -> str:
    positional = [choice for item in command.positional for choice in item.choices]
    return " ".join((*positional, *_flags(command)))


def _flags(command: Command) -> tuple[str, ...]:
    return (*(item.flag for item in command.inputs), "--json", "--help")


def _bash(program: str, commands: Sequence[Command]) -> Iterator[str]:
    function = f"_{program.replace('-', '_')}"
    names = " ".join((*(command.name for command in commands), *_GENERAL))
    yield f'# eval "$({program} {COMPLETION_FLAG} bash)"'
    yield f"{function}() {{"
    yield "  local here=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}"
    yield "  COMPREPLY=()"
    yield '  if [ "$COMP_CWORD" -eq 1 ]; then'
    yield f"    COMPREPLY=($(compgen -W '{names}' -- \"$here\"))"
    yield "    return"
    yield "  fi"
    yield '  case "${COMP_WORDS[1]} $before" in'
    for command in commands:
        for item in command.inputs:
            if item.choices:
                choices = " ".join(item.choices)
                yield (
                    f"    '{command.name} {item.flag}')"
                    f" COMPREPLY=($(compgen -W '{choices}' -- \"$here\")); return;;"
                )
    yield "  esac"
    yield "  case ${COMP_WORDS[1]} in"
    for command in commands:
        yield (f"    {command.name}) COMPREPLY=($(compgen -W '{_words(command)}' -- \"$here\"));;")
    yield "  esac"
    yield "}"
    yield f"complete -o default -F {function} {program}"


def _zsh(program: str, commands: Sequence[Command]) -> Iterator[str]:
    yield "autoload -U +X bashcompinit && bashcompinit"
    yield from _bash(program, commands)


def _fish(program: str, commands: Sequence[Command]) -> Iterator[str]:
    yield f"# {program} {COMPLETION_FLAG} fish | source"
    for command in commands:
        yield f"complete -c {program} -n __fish_use_subcommand -f -a {command.name}"
        seen = f"'__fish_seen_subcommand_from {command.name}'"
        for choice in (choice for item in command.positional for choice in item.choices):
            yield f"complete -c {program} -n {seen} -f -a {choice}"
        for flag in _flags(command):
            yield f"complete -c {program} -n {seen} -l {flag.removeprefix('--')}"
