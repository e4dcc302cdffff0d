"""The words of a proposal: complete, within limits, and harmless whatever they are about."""

import re

import pytest
from markdown_it import MarkdownIt

from gitops_action.adapters.templates import Templates
from gitops_action.adapters.views import UserTemplates, Views
from gitops_action.core.images import parse_reference
from gitops_action.core.markdown import BODY_LIMIT, SUMMARY_LIMIT
from gitops_action.core.plan import PlanLine, Skipped
from gitops_action.core.report.bump import BumpReport, ProposalResult, ProposalView
from gitops_action.core.trailers import parse_trailers
from gitops_action.errors import GitOpsError, UsageError
from tests.support.nasty import NASTY
from tests.support.proposals import DIGEST, LINE, proposal, step

GFM = MarkdownIt("gfm-like", {"linkify": False})
VIEWS = Views(job=proposal().job)
ACTIVE = re.compile(r"(?<![A-Za-z0-9_])@\w|#\d|\bGH-\d|<script|<!--|\]\(", re.IGNORECASE)

TRAILERS = {
    "GitOps-Action": ("bump",),
    "GitOps-Environment": ("staging",),
    "GitOps-Application": ("web",),
    "GitOps-Image": (f"ghcr.io/acme/web:v1.2.3@{DIGEST}",),
    "GitOps-Previous": ("ghcr.io/acme/web:v1.2.2",),
    "GitOps-Source": (f"acme/web@{'b' * 40}",),
}


def nasty_view(text: str) -> ProposalView:
    line = PlanLine(
        environment=text,
        application=text,
        file=text,
        line=1,
        path=text,
        old=text,
        new=text,
        rule="set",
        reason=text,
        repository=None,
    )
    return proposal(
        environment=text,
        applications=(text,),
        images=(step("ghcr.io/acme/web:v2", None, text),),
        sets=(f"a.yaml: b = {text}",),
        lines=(line,),
        notes=(text,),
        skipped=(Skipped(file=text, line=1, reason=text),),
    )


def outside_of_spans(markdown: str) -> str:
    parts = [token.children or [] for token in GFM.parse(markdown) if token.type == "inline"]
    tokens = [token for part in parts for token in part]
    links = [str(token.attrs.get("href")) for token in tokens if token.type == "link_open"]
    assert all(href.startswith("https://github.com/acme/") for href in links)
    assert "image" not in {token.type for token in tokens}
    return "\n".join(token.content for token in tokens if token.type != "code_inline")


def test_a_body_says_what_why_from_where_and_who() -> None:
    body = VIEWS.body(proposal())
    for expected in (
        "| `ghcr.io/acme/web` | `v1.2.2` | `v1.2.3` `sha256:aaaaaaaaaaaa` |",
        "| `env/staging/web/kustomization.yaml:7` | `images[0].newTag` | `v1.2.2` | `v1.2.3` |",
        "| `kustomize-images`: kustomize replaces `ghcr.io/acme/web` here |",
        "[`Compare`](https://github.com/acme/web/compare/a...b): 1 commit.",
        f"- [`0000000`](https://github.com/acme/web/commit/{'0' * 40}) `Fix` by `alice`",
        "- the registry could not be read",
        "- `chart/x.tpl:3`: a template that is not YAML",
        "[`release`](https://github.com/acme/web/actions/runs/5) in `acme/web`, started by `alice`",
        "comment `/gitops rollback staging web because …`, which also holds this version",
    ):
        assert expected in body
    assert parse_trailers(body) == TRAILERS


def test_the_way_back_names_what_goes_back() -> None:
    several = VIEWS.body(proposal(applications=("web", "api")))
    assert "comment `/gitops rollback staging because …`" in several
    values = VIEWS.body(proposal(images=(), sets=("a.yaml: b = 1",)))
    assert "**Go back** after the merge: revert it." in values


def test_a_body_is_the_same_every_time() -> None:
    assert VIEWS.body(proposal()) == Views(job=proposal().job).body(proposal())


def test_a_commit_message_has_a_subject_and_signed_trailers() -> None:
    message = VIEWS.commit_message(proposal())
    assert message.splitlines()[:3] == [
        "Bump web to v1.2.3 in staging",
        "",
        "- env/staging/web/kustomization.yaml:7 images[0].newTag: v1.2.2 to v1.2.3",
    ]
    signed = {"Signed-off-by": ("b[bot] <1+b[bot]@users.noreply.github.com>",)}
    assert parse_trailers(message) == TRAILERS | signed
    assert parse_trailers(VIEWS.commit_message(proposal(signoff=None))) == TRAILERS


def test_where_nothing_was_described_previous_names_the_repository() -> None:
    body = VIEWS.body(proposal(images=(step("nginx:1"),)))
    assert "| `docker.io/library/nginx` | none | `1` |" in body
    assert parse_trailers(body)["GitOps-Previous"] == ("docker.io/library/nginx",)


@pytest.mark.parametrize("text", NASTY)
def test_nasty_text_is_harmless_everywhere(text: str) -> None:
    view = nasty_view(text)
    body, message = VIEWS.body(view), VIEWS.commit_message(view)
    assert not ACTIVE.search(outside_of_spans(body))
    assert not ACTIVE.search(message.split("\n\nGitOps-Action")[0])
    for words in (body, message):
        trailers = parse_trailers(words)
        assert trailers["GitOps-Image"] == ("ghcr.io/acme/web:v2",)
        assert trailers["GitOps-Action"] == ("bump",)
        assert trailers.get("GitOps-Set", ()) == (f"a.yaml: b = {text}".strip(),)
    assert len(message.splitlines()[0]) <= 72
    assert VIEWS.title(view).isprintable()
    report = BumpReport(results=(ProposalResult(view=view, reason=text, branch=text),))
    for shown in (VIEWS.remark(text), VIEWS.summary(report)):
        assert not ACTIVE.search(outside_of_spans(shown))


@pytest.mark.parametrize("text", NASTY)
def test_nasty_text_is_harmless_in_users_templates(text: str) -> None:
    template = "{{ notes[0] }} {{ images[0].comparison.commits[0].subject }} {{ lines[0].new }}"
    user = UserTemplates(
        title=f"x {template}",
        body=template,
        commit_message=f"x {template}",
        branch="x/{{ notes[0] | slug }}",
    )
    views, view = Views(user), nasty_view(text)
    assert not ACTIVE.search(outside_of_spans(views.body(view)))
    assert views.title(view).isprintable()
    assert views.branch(view).startswith("x/")
    for words in (views.body(view), views.commit_message(view)):
        assert parse_trailers(words)["GitOps-Image"] == ("ghcr.io/acme/web:v2",)


def test_a_huge_body_is_shortened_in_the_middle_and_keeps_its_trailers() -> None:
    lines = tuple(LINE for _ in range(2_000))
    subjects = ["\N{PILE OF POO}" * 300] * 250
    images = (step(f"ghcr.io/acme/web:v1.2.3@{DIGEST}", "ghcr.io/acme/web:v1.2.2", *subjects),)
    body = VIEWS.body(proposal(lines=lines, images=images, notes=("long " * 900,) * 200))
    assert len(body.encode("utf-16-le")) // 2 <= BODY_LIMIT
    assert "more places" in body
    assert parse_trailers(body) == TRAILERS


def test_a_users_huge_body_is_cut_and_keeps_its_trailers() -> None:
    user = UserTemplates(body="{% for n in range(9000) %}line {{ n }}\n{% endfor %}")
    body = Views(user).body(proposal())
    assert len(body) <= BODY_LIMIT
    assert "shortened" in body
    assert parse_trailers(body) == TRAILERS


def test_trailers_that_cannot_fit_are_an_error() -> None:
    images = tuple(step(f"ghcr.io/acme/web{n}:v1@{DIGEST}") for n in range(700))
    with pytest.raises(GitOpsError, match="too much in one change"):
        VIEWS.body(proposal(images=images))


def test_a_summary_stays_below_its_limit() -> None:
    results = tuple(ProposalResult(view=proposal(lines=(LINE,) * 400)) for _ in range(40))
    summary = VIEWS.summary(BumpReport(results=results, repository="acme/env"))
    assert len(summary.encode()) <= SUMMARY_LIMIT
    assert "more places" in summary


def test_a_summary_links_the_pull_request() -> None:
    url = "https://github.com/acme/env/pull/3"
    result = ProposalResult(view=proposal(), operation="created", number=3, url=url, branch="b")
    summary = VIEWS.summary(BumpReport(results=(result,), repository="acme/env"))
    assert f"| `staging` | opened [`#3`]({url}) | `Bump web to v1.2.3 in staging` |" in summary
    assert "would change" in VIEWS.summary(BumpReport(results=(result,), dry_run=True))


def test_users_templates_replace_ours() -> None:
    user = UserTemplates(
        branch="bump/{{ environment }}-{{ image.tag | slug }}",
        title="[{{ environment }}] {{ title }}",
        body="Now {{ image.repository | code }} is {{ image.version }}.\n\nCloses #12",
        commit_message="chore: {{ applications | listed }}\n\n{{ image.old.tag }}",
    )
    views, view = Views(user), proposal()
    assert views.branch(view) == "bump/staging-v1.2.3"
    assert views.title(view) == "[staging] Bump web to v1.2.3 in staging"
    body = views.body(view)
    assert body.startswith("Now `ghcr.io/acme/web` is v1.2.3.\n\nCloses #12\n\nGitOps-Action")
    assert views.commit_message(view).startswith("chore: `web`\n\nv1.2.2\n\nGitOps-Action: bump\n")


def test_a_users_own_last_paragraph_never_joins_the_trailers() -> None:
    template = "Bump\n\nGitOps-Image: {{ images[0].comparison.commits[0].subject }}"
    view = proposal(images=(step("nginx:1", None, "evil.example/x:1"),))
    message = Views(UserTemplates(commit_message=template)).commit_message(view)
    assert parse_trailers(message)["GitOps-Image"] == ("docker.io/library/nginx:1",)


BAD = [
    ("title", "a\n{% if %}", "`pull-request-title` fails, line 2"),
    ("body", "a\n{{ nothing }}", "`pull-request-body` fails, line 2"),
    ("body", "a\nb\n{{ 1 / 0 }}", "`pull-request-body` fails, line 3"),
    ("body", "{{ notes.append('x') }}", "`pull-request-body` fails"),
    ("body", "{{ ''.__class__.__mro__ }}", "`pull-request-body` fails, line 1"),
    ("body", "{{ range(10000000) }}", "`pull-request-body` fails"),
    ("body", "{% include '/etc/passwd' %}", "`pull-request-body` fails"),
    ("body", "{{ 'x' | nofilter }}", "`pull-request-body` fails, line 1"),
    ("commit_message", " \n", "`commit-message` gives no text"),
    ("title", "{# nothing #}", "`pull-request-title` gives no text"),
    ("title", "a\n\nb", "more than one line"),
    ("branch", "a b", "not a branch name"),
    ("branch", "x/{{ image.reference }}", "not a branch name"),
    ("branch", "", None),
]


@pytest.mark.parametrize(("kind", "template", "expected"), BAD)
def test_bad_templates_name_the_input_and_the_line(
    kind: str, template: str, expected: str | None
) -> None:
    views, view = Views(UserTemplates(**{kind: template})), proposal()
    if expected is None:
        assert views.branch(view) == "gitops/staging/web"
        return
    words = {"title": views.title, "body": views.body, "branch": views.branch}
    with pytest.raises(UsageError) as caught:
        words.get(kind, views.commit_message)(view)
    assert expected in caught.value.title


def test_a_secret_of_the_process_cannot_be_reached() -> None:
    for template in ("{{ self }}", "{{ cycler.__init__.__globals__ }}", "{{ place.__globals__ }}"):
        try:
            text = Views(UserTemplates(body=template)).body(proposal())
        except UsageError:
            continue
        assert "environ" not in text


def test_the_image_of_a_view_is_read_back_from_its_trailers() -> None:
    (image,) = parse_trailers(VIEWS.body(proposal()))["GitOps-Image"]
    assert parse_reference(image).tag == "v1.2.3"


@pytest.mark.parametrize(
    "template",
    [
        "{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}",
        "{% macro f(n) %}{{ f(n - 1) }}{{ f(n - 1) }}{% endmacro %}{{ f(500) }}",
        "{% for a in [1, 2] recursive %}{{ loop([1, 2]) if loop.depth < 40 }}{% endfor %}",
        "{% for a in range(9000) %}{{ 'x' * 9000 }}{% endfor %}",
        "{{ 'x' * 10**10 }}",
        "{{ [1] * 99999999 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ '%9999999999d' % 1 }}",
        "{{ 90000000 * 'x' }}",
        "{{ '%*d' % (999999999, 1) }}",
        "{{ '{:9999999999}'.format(1) }}",
        "{{ 'x'.center(9999999999) }}",
        "{{ ('x' * 99999).replace('x', 'y' * 99999) }}",
    ],
)
def test_a_template_is_stopped(template: str) -> None:
    with pytest.raises(UsageError, match="The template in `commit-message` fails"):
        Templates().user(template, {}, name="commit-message")


def test_a_template_within_bounds() -> None:
    text = "{% for a in range(300) %}{{ 'x' * 3 }}{{ loop.index ** 2 % 7 }}{% endfor %}"
    text += "{{ '%d' % 7 }}{{ '%1234567d' * 2 }}"
    assert Templates().user(text, {}, name="body").startswith("xxx1xxx4")
