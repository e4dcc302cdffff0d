"""The corpus of files that edits are measured on."""
