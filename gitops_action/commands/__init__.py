"""One module a command: `run(inputs, ports) -> Outcome`, written as the command's story."""
