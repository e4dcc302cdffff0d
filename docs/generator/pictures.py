"""The pages of which the documents show pictures: a status page, and Markdown as on GitHub."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

from markdown_it import MarkdownIt

from generator import example, gate_example, status_example
from gitops_action.adapters.views import DeployViews
from gitops_action.core.deploy.result import (
    Action,
    EnvironmentResult,
    Failure,
    ObjectResult,
    Result,
    TargetResult,
)
from gitops_action.core.health.model import Health, Status
from gitops_action.core.manifests.model import ObjectId
from gitops_action.core.report.deployment import Deployed, DeploymentReport

WIDTH = 900
"""Pixels of a page."""

_SIGNS = {"✅": ("yes", "✔"), "⏳": ("waits", "◷"), "❌": ("no", "✘"), "⛔": ("no", "✘")}
"""Emoji that the machine's fonts may lack."""

_SHORT = re.compile(r"<code>([^<]{1,24})</code>")
_COMMIT = "c05b9a3e71d24f68ab90e3c5d7f1826b4a9e0d33"
_STYLE = """
:root { color-scheme: light }
body { margin: 0; padding: 20px; background: #fff; color: #1f2328;
  font: 14px/1.5 "Segoe UI", "Noto Sans", "DejaVu Sans", Helvetica, Arial, sans-serif }
h1 { font-size: 24px; font-weight: 400; margin: 0 0 8px }
h1 span { color: #59636e }
h2 { font-size: 20px; border-bottom: 1px solid #d1d9e0; padding-bottom: 6px; margin: 12px 0 }
h3 { font-size: 16px; margin: 16px 0 8px }
.meta { color: #59636e; margin-bottom: 16px }
.open { background: #1a7f37; color: #fff; border-radius: 20px; padding: 4px 12px;
  margin-right: 8px }
.box { border: 1px solid #d1d9e0; border-radius: 6px; overflow: hidden }
.head { background: #f6f8fa; border-bottom: 1px solid #d1d9e0; padding: 8px 16px; color: #59636e }
.head b { color: #1f2328 }
.bot { border: 1px solid #d1d9e0; border-radius: 20px; font-size: 12px; padding: 0 7px;
  margin: 0 4px }
.body { padding: 4px 16px 12px }
table { border-collapse: collapse; margin: 10px 0; max-width: 100% }
th, td { border: 1px solid #d1d9e0; padding: 5px 11px; text-align: left; overflow-wrap: anywhere }
th { font-weight: 600; white-space: nowrap }
code { background: #818b981f; border-radius: 6px; padding: 2px 5px; font-size: 12px;
  font-family: "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere }
.short { white-space: nowrap }
.yes { color: #1a7f37 } .no { color: #d1242f } .waits { color: #9a6700 }
pre { background: #f6f8fa; border-radius: 6px; padding: 12px; overflow: hidden; margin: 8px 0 }
pre code { background: none; padding: 0; white-space: pre-wrap }
.add { background: #dafbe1 } .del { background: #ffebe9 }
a { color: #0969da; text-decoration: none }
sub { color: #59636e }
"""


def pages() -> Mapping[str, str]:
    """Name of the picture to the page's HTML."""
    title, _, body = _unquoted(example.pull_request()).partition("\n")
    opened = (
        f"<h1>{escape(title.strip('*'))} <span>#7</span></h1><div class=meta>"
        "<span class=open>Open</span><b>acme-gitops</b><span class=bot>bot</span> wants to merge"
        " 1 commit into <code>main</code> from <code>gitops/staging/web</code></div>"
    )
    comment = _unquoted(gate_example.gate_comment()).replace("<details>", "<details open>")
    return {
        "pull-request": _page(opened + _box("acme-gitops", "commented", body)),
        "gate-comment": _page(_box("acme-gitops-gate", "commented", comment)),
        "deployment-summary": _page(_summary()),
        "status-page-waiting": status_example.status_page(),
    }


def _unquoted(text: str) -> str:
    lines = (line.removeprefix(">").removeprefix(" ") for line in text.splitlines())
    return "\n".join(lines)


def _box(author: str, verb: str, text: str) -> str:
    head = f"<b>{author}</b><span class=bot>bot</span> {verb}"
    return f"<div class=box><div class=head>{head}</div><div class=body>{_html(text)}</div></div>"


def _html(text: str) -> str:
    """Markdown as HTML, with the colours of a difference."""
    made = str(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
    for mark, (kind, sign) in _SIGNS.items():
        made = made.replace(mark, f"<b class={kind}>{sign}</b>")
    made = _SHORT.sub(r"<code class=short>\1</code>", made)
    start, mark, rest = made.partition('<code class="language-diff">')
    if not mark:
        return made
    block, end, after = rest.partition("</code>")
    kinds = {"+": "add", "-": "del"}
    lines = (f'<span class="{kinds.get(line[:1], "")}">{line}</span>' for line in block.split("\n"))
    return start + mark + "\n".join(lines) + end + after


def _page(body: str) -> str:
    return f"<!doctype html><meta charset=utf-8><style>{_STYLE}</style><body>{body}</body>"


def _summary() -> str:
    """The job's summary of a deployment that failed, by the real view."""
    text = DeployViews().summary(
        DeploymentReport(
            repository="acme/environment",
            commit=_COMMIT,
            environments=(Deployed(outcome=_failed(), deployment=4711, seconds=38.2),),
        )
    )
    head = "<b>production</b> summary"
    return f"<div class=box><div class=head>{head}</div><div class=body>{_html(text)}</div></div>"


def _failed() -> EnvironmentResult:
    web = ObjectId(group="apps", kind="Deployment", namespace="web", name="web")
    service = ObjectId(group="", kind="Service", namespace="web", name="web")
    target = TargetResult(
        target="default",
        result=Result.FAILED,
        objects=(
            ObjectResult(
                id=web,
                action=Action.CONFIGURED,
                health=Health(status=Status.FAILED, reason="CrashLoopBackOff"),
                seconds=36.4,
            ),
            ObjectResult(
                id=service,
                action=Action.UNCHANGED,
                health=Health(status=Status.CURRENT),
                seconds=0.2,
            ),
        ),
        failures=(
            Failure(
                object_id=web,
                sentence="Container web of Pod web-7c9f crashes: exit code 1, restarted 4 times",
                events=("Warning BackOff: Back-off restarting failed container web",),
                log=("Error: DATABASE_URL is not set",),
                lasting=True,
            ),
        ),
    )
    return EnvironmentResult(environment="production", commit=_COMMIT, targets=(target,))
