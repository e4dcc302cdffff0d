"""Going back: which state an environment returns to, and when it does so by itself."""
