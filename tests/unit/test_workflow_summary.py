"""The limit of the job summary."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gitops_action.adapters.workflow import FileCommands
from gitops_action.adapters.workflow.actions import SUMMARY_LIMIT, shorten

BLOCKS = st.sampled_from(
    ["# Title\n\n", "text é\n\n", "```\ncode\n\nmore\n```\n\n", "<details>\n\n", "</details>\n\n"]
)


def test_what_fits_stays_as_it_is() -> None:
    assert shorten("# a\n\nb\n", 8) == "# a\n\nb\n"


@given(st.lists(BLOCKS, max_size=40), st.integers(min_value=0, max_value=900))
def test_never_over_the_limit_and_always_between_blocks(blocks: list[str], limit: int) -> None:
    text = "".join(blocks)
    cut = shorten(text, limit)
    assert len(cut.encode()) <= limit
    if cut != text and cut:
        assert "The summary is cut here" in cut
        assert cut.count("```") % 2 == 0
        kept = cut.split("\n> [!NOTE]")[0]
        while kept.endswith("\n</details>\n"):  # one for each that was open at the cut
            kept = kept.removesuffix("\n</details>\n")
        assert text.startswith(kept)


def test_open_details_are_closed() -> None:
    text = "<details><summary>x</summary>\n\n" + "paragraph\n\n" * 100
    cut = shorten(text, 400)
    assert cut.count("<details>") == cut.count("</details>") == 1
    assert cut.index("</details>") < cut.index("[!NOTE]")


def test_what_the_step_wrote_before_counts(tmp_path: Path) -> None:
    path = tmp_path / "summary"
    path.write_text("x" * (SUMMARY_LIMIT - 500))
    files = FileCommands(environ={"GITHUB_STEP_SUMMARY": str(path)}, delimiter=str)
    files.add_summary("# First\n\n" + "line\n\n" * 1000)
    size = path.stat().st_size
    assert SUMMARY_LIMIT - 500 < size <= SUMMARY_LIMIT
    files.add_summary("y" * 1000)
    assert path.stat().st_size <= SUMMARY_LIMIT
    assert "# First" in path.read_text()
