"""New repositories: what is asked, which files come of it, and what is left to do by hand."""

from __future__ import annotations

from gitops_action.core.scaffold.answers import Answers, Application, Subject
from gitops_action.core.scaffold.render import render
from gitops_action.core.scaffold.steps import next_steps

__all__ = ["Answers", "Application", "Subject", "next_steps", "render"]
