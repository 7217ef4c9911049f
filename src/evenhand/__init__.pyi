from .analysis.analyse import analyse
from .analysis.table.scores import Scores, read_scores
from .audit import audit
from .bank.cohorts import load_cohort
from .bank.load import load_bank
from .endpoints.base import Endpoint
from .endpoints.context import Connection
from .endpoints.kind import EndpointKind
from .errors import EvenhandError
from .plan.make import PlanRequest, make_plan
from .records.finding import Finding
from .records.findings import Findings
from .records.plan import Design, ModelSpec, Plan
from .report.html import render_html
from .run.limits import Limits
from .rundir import RunDirectory, open_run

__all__ = [
    "Connection",
    "Design",
    "Endpoint",
    "EndpointKind",
    "EvenhandError",
    "Finding",
    "Findings",
    "Limits",
    "ModelSpec",
    "Plan",
    "PlanRequest",
    "RunDirectory",
    "Scores",
    "analyse",
    "audit",
    "load_bank",
    "load_cohort",
    "make_plan",
    "open_run",
    "read_scores",
    "render_html",
]
