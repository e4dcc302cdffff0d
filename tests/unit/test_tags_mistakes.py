"""Lines that are wrong: every one is an error that names the line, with exit code 2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.tags.rules import csv_lines
from gitops_action.errors import GitOpsError, UsageError
from tests.support.tag_events import metadata


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        ("type=semverr,pattern=x", "did you mean `type=semver`"),
        ("type=", "unknown type ''"),
        ("type=SHA", "unknown type 'SHA'"),
        ("type=semver", "add `pattern=…`"),
        ("type=pep440", "add `pattern=…`"),
        ("type=match", "add `pattern=…`"),
        ("type=ref", "add `event=…`"),
        ("type=raw", "add `value=…`"),
        ("priority=3", "add `value=…`"),
        ("type=ref,event=push", "one of branch, tag, pr"),
        ("type=sha,format=tiny", "one of short, long"),
        ("type=match,pattern=x,group=one", "group is not a number"),
        ("type=match,pattern=(,value=x", "malformed"),
        ("type=match,pattern=/x/q,value=x", "unknown flag 'q'"),
        ("type=semver,pattern={{version}},match=v.*,value=v1", "put the version in parentheses"),
        ("type=pep440,pattern={{version}},match=v(.*,value=v1", "malformed"),
        ("type=match,pattern=/x/I,value=x", "unknown flag 'I'"),
        ("foo,priority=high", "priority is not a number"),
        ("foo,priority=nan", "priority is not a number"),
        ("foo,priority=", "priority is not a number"),
        ("foo,enable=yes", "true or false"),
        ("foo,enable=", "true or false"),
        ("type=raw,value={{brnch}}", "did you mean `branch`?"),
        ("type=raw,value={{}}", "Unknown name"),
        ("type=raw,value={{branch 'x'}}", "takes no arguments"),
        ("type=raw,value={{branch", "does not end"),
        ("type=raw,value={{date 'YYYY' zone='UTC'}}", "only `tz` is known"),
        ("type=raw,value={{date 'YYYY' tz='Mars/Base'}}", "Unknown time zone"),
        ("type=raw,value={{date 'YYYY' tz='../../etc/passwd'}}", "Unknown time zone"),
        ("type=raw,value={{date 'YYYY' 'MM'}}", "one format"),
        ("type=raw,value={{date 'YYYY}}", "Malformed expression"),
        ("type=semver,pattern={{mayor}},value=1.0.0", "did you mean `major`?"),
        ('type=raw,"value=x', "malformed"),
        ('type=raw,"value=x"y', "malformed"),
        ('type=raw,value="x"', "quotes around a whole field"),
        ("x" * 200_000, "malformed"),
    ],
)
def test_wrong_tags(tags: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        metadata("main", tags)
    assert told in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("flavor", "told"),
    [
        ("latest=yes", "latest=yes"),
        ("latest", "unknown entry"),
        ("colour=red", "colour=red"),
        ("onlatest=true", "unknown entry"),
        ("prefix=x,onlatest=maybe", "onlatest=true|false"),
        ('prefix="x"', "quotes around a whole field"),
    ],
)
def test_wrong_flavor(flavor: str, told: str) -> None:
    with pytest.raises(UsageError, match="flavor") as caught:
        metadata("main", flavor=flavor)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("images", "told"),
    [
        ("name=acme/web,enabled=true", "unknown attribute"),
        ("name=,enable=true", "no name"),
        ("acme/a,name=acme/b", "several images"),
        ("name=acme/a,name=acme/b", "several images"),
        ("acme/a,acme/b,enable=false", "several images"),
        ("name=acme/a,enable=true,enable=false", "several images"),
        ("enable=true", "no name"),
        ("acme/web,enable=yes", "enable is 'yes'"),
        ("acme/web:v1", "tag or digest of its own"),
        (f"acme/web@sha256:{'0' * 64}", "tag or digest of its own"),
        ("acme//web", "images"),
        ("acme/`web`", "images"),
    ],
)
def test_wrong_images(images: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        metadata("main", images=images)
    assert told in str(caught.value)


def test_wrong_level() -> None:
    with pytest.raises(UsageError, match="unknown level 'manifests'"):
        metadata("main", levels=("manifests",))


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("a=b, C = d ", [("a", "b"), ("c", "d")]),
        ('a=b,"c=d,e"', [("a", "b"), ("c", "d,e")]),
        ('"a=b ""c"""', [("a", 'b "c"')]),
        ("a=b=c", [("a", "b=c")]),
        ("=b", [("", "=b")]),
        ("a # b", [("", "a")]),
        ("a#b", [("", "a#b")]),
        ('"a # b" # c', [("", "a # b")]),
    ],
)
def test_fields(line: str, fields: list[tuple[str, str]]) -> None:
    assert [found for _, found in csv_lines(line, "tags")] == [fields]


@given(st.text(alphabet="type=raw,vlus{}'\"#\\/()[]? \n\tsemchgrfbdn09.-+Y"))
def test_any_text_gives_tags_or_an_expected_error(text: str) -> None:
    try:
        found = metadata("v1.2.3", text)
    except GitOpsError:
        return
    assert all(c.isascii() and (c.isalnum() or c in "._-") for n in found.tag_names for c in n)
    assert len(set(found.tag_names)) == len(found.tag_names)
    assert found.version == (found.tag_names[0] if found.tag_names else "")
