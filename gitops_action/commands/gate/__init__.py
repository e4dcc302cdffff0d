"""`gate`: evaluates open pull requests, reports on them, and merges those that may merge."""
