"""Checks on the objects of an environment: no cluster, no schema, no registry is asked."""
