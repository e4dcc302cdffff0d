"""The words of pull requests, commits and summaries: values in, a view model out."""
