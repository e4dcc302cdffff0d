"""The demo: from `init` over a pushed tag to a validated pull request, on real parts."""
