"""Checks of one random document against ruamel.yaml's safe loader, in YAML 1.1 and 1.2."""

from __future__ import annotations

import warnings
from io import StringIO
from random import Random
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MantissaNoDotYAML1_1Warning

from gitops_action.core.yaml.edit import apply
from gitops_action.core.yaml.parse import parse, scalars
from gitops_action.core.yaml.path import EditRefusedError, YamlPath
from gitops_action.core.yaml.proof import AddListItem, Replace
from tests.support.yaml_documents import Document, Step

_BLOCK = frozenset({"literal", "folded"})


def load(text: str, version: tuple[int, int]) -> object:
    """What the loader reads, with every value given together with its type."""
    yaml = YAML(typ="safe", pure=True)
    yaml.version = version
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MantissaNoDotYAML1_1Warning)
        return list(yaml.load_all(StringIO(text.removeprefix("%YAML 1.2\n"), newline="")))


def decode(data: bytes) -> str:
    """The text of a document that `Writer` made."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    return data.decode("utf-8-sig")


def check_reading(document: Document) -> None:
    """Every scalar that was written is found at its path with its text, and no other."""
    file = parse("doc.yaml", document.data)
    assert file.text == document.text
    found = {scalar.path.steps: scalar.value for scalar in scalars(file)}
    assert found == dict(document.scalars)
    for scalar in scalars(file):
        if scalar.style == "plain":
            assert file.text[scalar.start : scalar.end] == scalar.value


def check_edit(document: Document, random: Random, value: str, *, as_string: bool) -> None:
    """One value edited: that value is new, all else and all other bytes are as they were."""
    steps, _ = random.choice(document.scalars)
    before = next(s for s in scalars(parse("doc.yaml", document.data)) if s.path.steps == steps)
    edit = Replace(path=YamlPath(steps=steps), value=value, as_string=as_string)
    try:
        data = apply("doc.yaml", document.data, [edit])
    except EditRefusedError:
        assert before.style in _BLOCK
        return
    text = decode(data)
    kept = len(document.text) - before.end
    assert text[: before.start] == document.text[: before.start]
    assert text[len(text) - kept :] == document.text[before.end :]
    assert apply("doc.yaml", data, [edit]) == data
    for version in ((1, 1), (1, 2)):
        old, new = load(document.text, version), load(text, version)
        read = _take(new, steps)
        if as_string and before.style not in _BLOCK:
            assert (type(read), read) == (str, value)
        _put(old, steps, read)
        assert repr(old) == repr(new)


def check_add(document: Document, key: str) -> None:
    """One item added to a list of the root: it is the list's last, and all else is as it was."""
    item = (("name", "n: #x"), ("newTag", "1.20"))
    edit = AddListItem(path=YamlPath(), key=key, item=item)
    try:
        data = apply("doc.yaml", document.data, [edit])
    except EditRefusedError as error:
        assert "is not a list" in error.cause  # noqa: PT017 - nothing else here may be refused
        return
    assert apply("doc.yaml", data, [edit]) == data
    for version in ((1, 1), (1, 2)):
        old, new = load(document.text, version), load(decode(data), version)
        before, after = _take(old, (key,)) if key in _take(old, ()) else None, _take(new, (key,))
        assert after == [*(before or []), dict(item)]
        _put(old, (key,), after)
        assert repr(old) == repr(new)


def _take(documents: Any, steps: tuple[Step, ...]) -> Any:
    node = documents[0]
    for step in steps:
        node = node[_key(node, step)]
    return node


def _put(documents: object, steps: tuple[Step, ...], value: object) -> None:
    node = _take(documents, steps[:-1])
    node[_key(node, steps[-1])] = value


def _key(node: object, step: Step) -> object:
    """The loader's key for a step: `2` and `on` may be typed."""
    if not isinstance(node, dict) or step in node:
        return step
    return {"2": 2, "on": True}.get(str(step), step)
