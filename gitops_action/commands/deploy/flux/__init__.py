"""The Flux engine: Flux applies, the job waits for this very commit and proves that it runs."""
