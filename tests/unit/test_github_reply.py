import pytest

from gitops_action.adapters.github.reply import Reply, replies
from gitops_action.errors import GitOpsError


def test_what_is_missing_or_null_reads_as_empty() -> None:
    reply = Reply({"a": None, "list": [None, {"x": "1"}]})

    assert (reply.text("a"), reply.number("b"), reply.flag("c")) == ("", 0, False)
    assert reply.at("a", "b", "c").text("d") == ""
    assert [item.text("x") for item in reply.each("list")] == ["1"]
    assert list(reply.each("none")) == []
    assert (reply.whole("a"), reply.has("a"), reply.has("list")) == (None, False, True)


@pytest.mark.parametrize("read", ["text", "number", "each", "at", "texts"])
def test_a_wrong_type_is_an_error_that_names_the_place(read: str) -> None:
    reply = Reply({"key": object()}, "pull request")

    with pytest.raises(GitOpsError, match=r"pull request\.key"):
        list(getattr(reply, read)("key"))


def test_a_page_of_text_instead_of_json_is_an_error() -> None:
    with pytest.raises(GitOpsError):
        replies("<html>")
