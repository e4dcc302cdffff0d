"""New repositories: what is asked, which files come of it, and what is left to do by hand."""

from __future__ import annotations

from gitops_action.core.scaffold.next_steps import next_steps
from gitops_action.core.scaffold.questions import Answers, NewApplication, Subject
from gitops_action.core.scaffold.render import render

__all__ = ["Answers", "NewApplication", "Subject", "next_steps", "render"]
