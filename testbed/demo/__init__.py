"""The demo: a pushed tag becomes a pull request, on real parts."""
