"""What ran in an environment: from content, and from the records of deployments."""
