"""Asks a person at a terminal, one line a question."""

from __future__ import annotations

from typing import TextIO

from gitops_action.adapters.workflow.escaping import printable
from gitops_action.core.scaffold.questions import Question
from gitops_action.errors import GitOpsError


class TerminalPerson:
    """Reads answers from one stream and writes questions to another."""

    def __init__(self, answers: TextIO, questions: TextIO) -> None:
        """Nothing is asked yet."""
        self._answers = answers
        self._questions = questions

    def ask(self, question: Question, default: str) -> str:
        """The answer; an empty one is the default, and is asked again where there is none.

        Raises:
            KeyboardInterrupt: the input has ended, which is how a terminal says no (Ctrl-D).
        """
        choices = f" ({'|'.join(question.choices)})" if question.choices else ""
        shown = f" [{default}]" if default else ""
        while True:
            self._write(f"{question.text}{choices}{shown}: ")
            line = self._answers.readline()
            if not line:
                raise KeyboardInterrupt
            if text := line.strip() or default:
                return text

    def tell(self, error: GitOpsError) -> None:
        """Say why an answer cannot be."""
        self._write(f"  {printable(str(error))}\n")

    def _write(self, text: str) -> None:
        self._questions.write(text)
        self._questions.flush()
