from .analysis.analyse import analyse
from .analysis.table.scores import read_scores
from .audit import audit
from .endpoints.context import Connection
from .endpoints.kind import EndpointKind
from .errors import EvenhandError
from .plan.make import PlanRequest, make_plan
from .records.finding import Finding
from .records.findings import Findings
from .records.plan import Design, ModelSpec, Plan
from .run.limits import Limits
from .rundir import RunDirectory, open_run

__all__ = [
    "Connection",
    "Design",
    "EndpointKind",
    "EvenhandError",
    "Finding",
    "Findings",
    "Limits",
    "ModelSpec",
    "Plan",
    "PlanRequest",
    "RunDirectory",
    "analyse",
    "audit",
    "make_plan",
    "open_run",
    "read_scores",
]
