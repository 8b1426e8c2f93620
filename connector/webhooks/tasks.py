"""What the worker runs for this floor."""

from uuid import UUID

from connector.jobs.registry import Args
from connector.jobs.running import RunningJob
from connector.webhooks.process import process_endpoint


def process(args: Args, job: RunningJob) -> None:
    """Process the waiting events of the endpoint that the job names."""
    process_endpoint(UUID(str(args["endpoint"])), job)
