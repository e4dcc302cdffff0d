"""The steps of `validate`: what is touched, what is wrong with it, and how it is reported."""
