"""The words about a validation: complete, within limits, and harmless whatever they are about."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from gitops_action.adapters.views import ValidationViews
from gitops_action.core import markdown as limits
from gitops_action.core.deploy.prune import PruneVerdict
from gitops_action.core.manifests import ObjectId
from gitops_action.core.outcome import Job
from gitops_action.core.report.validation import ValidationReport
from gitops_action.core.validation.images import ImageDifference
from gitops_action.errors import Location
from tests.support.nasty import NASTY
from tests.support.validations import MAP, diff, environment, error, report, warning

GFM = MarkdownIt("gfm-like", {"linkify": False, "html": True})
VIEWS = ValidationViews()
ACTIVE = re.compile(r"(?<![A-Za-z0-9_])@\w|#\d|\bGH-\d|<script|<!--|\]\(", re.IGNORECASE)
OURS = ("<details><summary>", "</details>", "<sub>", "</sub>")


def test_a_report_says_what_was_evaluated_what_is_wrong_and_what_changes() -> None:
    gone = diff(id=MAP, change="removed", text="-kind: ConfigMap", lines_added=0)
    verdict = PruneVerdict(removed=(MAP,), confirm=(MAP,), total=5, budget="0%", exceeded=True)
    found = environment(
        changes=(diff(), gone), findings=(warning(), error()), deletions=verdict, notes=("a note",)
    )
    text = VIEWS.comment(
        report(found, left_out=("production",), unrendered=(".github/CODEOWNERS",))
    )
    for expected in (
        "## Validation: 1 error and 1 warning",
        f"Judged: `{'a' * 40}` merged into `main` at `{'b' * 40}`.",
        "| `staging` | 1 error and 1 warning | 0 | 1 | 1 | 1 of 5, limit `0%` | push to eu;",
        "- **Error** `environments/staging/web.yaml:3`: it is wrong: because. Fix: fix it",
        "- **Warning**: look at it",
        "| `ghcr.io/acme/web` | `ghcr.io/acme/web:v1` | `ghcr.io/acme/web:v2` |",
        "**A deployment would delete more than `staging` allows**",
        "**Removed** `ConfigMap web/settings` from",
        "```diff\n@@ -1 +1 @@\n-a: 1\n+a: 2\n```",
        "Not looked at, though the change touches them: `production`.",
        "- `.github/CODEOWNERS`",
        f"Rendered hash `sha256:{'d' * 64}`",
        "https://github.com/acme/environment/actions/runs/5",
    ):
        assert expected in text
    assert text.index("**Error**") < text.index("**Warning**")
    assert text.index("**Removed**") < text.index("**Changed**")


def test_an_older_commit_is_named_as_such() -> None:
    text = VIEWS.comment(report(moved_to="f" * 40))
    assert "(an older commit)" in text.splitlines()[0]
    assert f"The head has moved to `{'f' * 40}` meanwhile" in text


def test_nothing_touched_is_said_so() -> None:
    text = VIEWS.summary(ValidationReport(head="a" * 40, unrendered_hash="sha256:0"))
    assert text.startswith("## Validation: valid\n")
    assert "No environment's files change." in text
    assert "No rendered hash" in text


def test_short_differences_stand_open_and_long_ones_are_folded() -> None:
    short = diff(text="\n".join("+a" for _ in range(16)))
    long = diff(id=MAP, text="\n".join("+a" for _ in range(17)))
    text = VIEWS.comment(report(environment(changes=(short, long))))
    assert text.count("<details>") == text.count("</details>") == 1
    assert "<details><summary>17 lines</summary>" in text


def nasty_report(text: str) -> ValidationReport:
    identity = ObjectId(group=text, kind=text, namespace=text, name=text)
    place = Location(file=text, line=1)
    found = error(text, cause=text, fix=text, location=place)
    item = environment(
        name=text,
        deployed=text,
        merged_by=text,
        findings=(found,),
        changes=(diff(text, id=identity, origin=place), diff(f"+{text}\n" * 20, id=identity)),
        images=(ImageDifference(repository=text, old=(text,), new=(text,)),),
        deletions=PruneVerdict(
            removed=(identity,), confirm=(identity,), kept=(identity,), budget=text, exceeded=True
        ),
        notes=(text,),
    )
    return report(
        item,
        findings=(found,),
        left_out=(text,),
        unrendered=(text,),
        notes=(text,),
        branch=text,
        head=text,
        base=text,
        moved_to=text,
    )


def outside_of_code(markdown: str) -> str:
    """What GitHub would act on: text outside of spans and fences; the HTML has to be ours."""
    outside = []
    for token in GFM.parse(markdown):
        if token.type == "html_block":
            left = token.content
            for piece in OURS:
                left = left.replace(piece, "")
            assert re.fullmatch(r"(\s|\d+ lines|</summary>)*", left), token.content
        children = token.children or [] if token.type == "inline" else []
        for child in children:
            assert child.type != "image"
            if child.type == "link_open":
                assert str(child.attrs["href"]).startswith("https://github.com/acme/environment/")
            if child.type == "html_inline":
                assert child.content in OURS
            elif child.type != "code_inline":
                outside.append(child.content)
    return "\n".join(outside)


@pytest.mark.parametrize("text", NASTY)
def test_nasty_text_is_harmless_everywhere(text: str) -> None:
    found = nasty_report(text)
    for shown in (VIEWS.comment(found), VIEWS.summary(found)):
        assert not ACTIVE.search(outside_of_code(shown))
        assert shown.endswith("</sub>")


@pytest.mark.parametrize("ticks", ["```", "````", "`" * 12, "```\n</details>\n```", "~~~"])
def test_a_fence_cannot_be_closed_by_what_is_in_it(ticks: str) -> None:
    body = f"+{ticks}\n{ticks}\n   {ticks}\n+<b>@alice</b>"
    text = VIEWS.comment(report(environment(changes=(diff(body),))))
    (fence,) = [token for token in GFM.parse(text) if token.type == "fence"]
    assert fence.content == f"{body}\n"


def test_what_does_not_print_is_shown_by_its_number() -> None:
    text = VIEWS.comment(report(environment(changes=(diff("+a\x1b[31m\u202eb\tc"),))))
    assert "+a\\u001b[31m\\u202eb\tc" in text


LARGE = "\n".join(f"+line {n} \N{PILE OF POO}" for n in range(400))


@pytest.mark.parametrize("objects", [1, 50, 1_500])
def test_texts_stay_within_githubs_limits(objects: int) -> None:
    changes = tuple(
        diff(LARGE, id=ObjectId(group="", kind="ConfigMap", namespace="a", name=f"n{n}"))
        for n in range(objects)
    )
    found = report(environment(changes=changes, findings=(error(),)))
    comment, summary = VIEWS.comment(found), VIEWS.summary(found)
    assert limits.characters(comment) <= 60_000
    assert len(summary.encode()) <= 1024 * 1024
    for text in (comment, summary):
        assert "it is wrong" in text
        assert sum(token.type == "fence" for token in GFM.parse(text)) == text.count("```diff")
        assert text.count("<details>") == text.count("</details>")
    if objects == 1_500:
        assert "more objects of `staging`" in comment


def test_a_comment_that_is_cut_links_to_the_summary() -> None:
    job = Job(server_url="https://github.com", repository="acme/fleet", run_id="7")
    changes = tuple(
        diff(LARGE, id=ObjectId(group="", kind="ConfigMap", namespace="a", name=f"n{n}"))
        for n in range(50)
    )
    found = replace(report(environment(changes=changes)), job=job)
    comment, summary = VIEWS.comment(found), VIEWS.summary(found)
    (line,) = [line for line in comment.splitlines() if "Shortened" in line]
    assert job.run_url in line
    assert "job summary" not in summary
    short = replace(report(environment()), job=job)
    assert "Shortened" not in VIEWS.comment(short)


def test_even_an_endless_list_of_errors_fits() -> None:
    found = report(environment(findings=tuple(error(f"e{n} " + "x" * 900) for n in range(800))))
    assert limits.characters(VIEWS.comment(found)) <= 60_000
