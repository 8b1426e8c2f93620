"""Which process of a parallel run gets which tests, and what is begun first"""

from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]
from xdist.workermanage import WorkerController  # type: ignore[import-untyped]

LIVE_BOX = "the live box"
ITS_WALKS = "tests/walks/"
WITHOUT_IT = {"tests/walks/test_attacks.py", "tests/walks/test_headers.py"}
LONGEST = (
    LIVE_BOX,
    "tests/real/test_tryton.py",
    "tests/appliance/queue/test_worker.py",
    "tests/connector/flows/test_settle.py",
    "tests/chaos/test_kills.py",
    "tests/browser/test_console.py",
    "tests/connector/flows/test_ledger_properties.py",
)


class Scheduling(LoadFileScheduling):  # type: ignore[misc]
    """A file to a process, and all walks of the live box to one, which starts it once."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        walks = file.startswith(ITS_WALKS) and file not in WITHOUT_IT
        return LIVE_BOX if walks else file

    def _assign_work_unit(self, node: WorkerController) -> None:
        for scope in reversed(LONGEST):
            if scope in self.workqueue:
                self.workqueue.move_to_end(scope, last=False)
        super()._assign_work_unit(node)
