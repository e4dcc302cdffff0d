"""What GitHub is told of a deployment: Deployments, their statuses, commit statuses."""
