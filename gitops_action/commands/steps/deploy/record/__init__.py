"""What GitHub is told of a deployment: Deployments, their statuses, commit statuses."""

from gitops_action.commands.steps.deploy.record.nothing import NoRecord, NoRecorder
from gitops_action.commands.steps.deploy.record.recorder import Record, Recorder, RecordPorts

__all__ = ["NoRecord", "NoRecorder", "Record", "RecordPorts", "Recorder"]
