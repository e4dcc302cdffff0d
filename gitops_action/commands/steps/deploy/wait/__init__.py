"""Waiting until objects are healthy, or until it is certain that they will not be."""
