"""Commands in comments: their grammar, and what a comment asks for."""
