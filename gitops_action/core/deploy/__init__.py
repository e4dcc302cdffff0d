"""Deploying as values: order, comparison, pruning, results. Nothing here talks to a cluster."""
