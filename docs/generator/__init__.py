"""Renders the declaration of inputs and outputs as files that people and GitHub read."""
