"""The declaration against itself and against the values made from it."""

from __future__ import annotations

from dataclasses import fields

import pytest

from gitops_action.core.inputs import (
    BUMP,
    COMMANDS,
    TAG,
    BumpInputs,
    Command,
    TagInputs,
    bump_inputs,
    check_values,
    tag_inputs,
)
from gitops_action.core.inputs.permissions import RIGHTS
from gitops_action.core.inputs.values import Values

COMPUTED = {
    "ghcr_username",
    "ghcr_password",
    "annotation_levels",
    "short_sha_length",
    "pull_request_head_sha",
}
"""Attributes that come from the job's environment and not from inputs."""


@pytest.mark.parametrize(("command", "target"), [(BUMP, BumpInputs), (TAG, TagInputs)])
def test_every_input_has_its_attribute_and_the_other_way_round(
    command: Command, target: type[BumpInputs | TagInputs]
) -> None:
    declared = {item.field for item in command.inputs}
    assert {field.name for field in fields(target)} - COMPUTED == declared


def test_defaults_of_the_values_are_those_of_the_declaration() -> None:
    values = check_values(BUMP, {"images": "a:1", "token": "t", "repository": "o/n"})
    built = bump_inputs(values, {})
    computed = {"images", "token", "repository", "api_url", "graphql_url", "server_url"}
    for field in fields(BumpInputs):
        if field.name not in computed:
            assert getattr(built, field.name) == field.default, field.name


def test_attributes_have_the_type_of_their_kind() -> None:
    built = bump_inputs(check_values(BUMP, {"images": "a:1", "mode": "local"}), {})
    expected = {"flag": bool, "names": tuple}
    for item in BUMP.inputs:
        if item.name not in {"base", "source", "timeout"}:
            assert type(getattr(built, item.field)) is expected.get(item.kind, str), item.name


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_declarations_are_sound(command: Command) -> None:
    names = [item.name for item in command.inputs]
    assert len(names) == len(set(names))
    for item in command.inputs:
        assert (item.kind == "choice") == bool(item.choices)
        told = {""} if item.default_help else set()
        assert item.kind != "choice" or item.default in {*item.choices, *told}
        assert (item.kind == "secret") == bool(item.variables)
        assert item.kind != "flag" or item.default == "false"
        assert item.help.endswith((".", "`."))
    assert isinstance(check_values(command, {}), Values)


def test_the_permission_matrix_speaks_of_inputs_that_exist() -> None:
    commands = {command.name: command for command in COMMANDS}
    for right in RIGHTS:
        held_by = commands[right.command].find(right.held_by)
        assert held_by is not None
        assert held_by.kind == "secret"
    used = {(right.command, right.held_by) for right in RIGHTS}
    declared = {(c.name, i.name) for c in COMMANDS for i in c.inputs if i.kind == "secret"}
    assert used == declared


def test_secrets_do_not_show_in_the_values() -> None:
    given = {
        "images": "a:1",
        "repository": "o/n",
        "token": "planted-1",
        "source-token": "planted-2",
        "registry-password": "planted-3",
    }
    assert "planted" not in repr(bump_inputs(check_values(BUMP, given), {}))


def test_tag_separators_keep_their_white_space() -> None:
    values = check_values(TAG, {"sep-tags": ", ", "sep-labels": "\t"})
    built = tag_inputs(values, {})
    assert (built.sep_tags, built.sep_labels, built.sep_annotations) == (", ", "\t", "\n")
