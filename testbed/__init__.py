"""What tests, demo and benchmarks stand on: real parts and a GitHub double over real Git."""
