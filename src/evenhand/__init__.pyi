from .analysis.analyse import analyse
from .analysis.table.scores import Scores, read_scores
from .audit import audit
from .bank.cohorts import load_cohort
from .bank.load import load_bank
from .design.presets import preset_design
from .endpoints.base import AskError, Endpoint
from .endpoints.kinds import open_endpoint
from .errors import EvenhandError
from .records.finding import Finding
from .records.findings import Findings
from .records.plan import Design, ModelSpec, Plan
from .report.html import render_html
from .run.planning import Wishes, make_plan

__all__ = [
    "AskError",
    "Design",
    "Endpoint",
    "EvenhandError",
    "Finding",
    "Findings",
    "ModelSpec",
    "Plan",
    "Scores",
    "Wishes",
    "analyse",
    "audit",
    "load_bank",
    "load_cohort",
    "make_plan",
    "open_endpoint",
    "preset_design",
    "read_scores",
    "render_html",
]
