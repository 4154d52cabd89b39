"""What the sales pipeline says: pure, from the frames of `crm.opportunities`, `crm.pipelines` and `crm.budgets`. Amounts are øre of kroner.

Each figure's definition is in its docstring and, for reports and screens, in `definitions`.
"""

from crm_lab.analysis.pipeline.expected import by_month
from crm_lab.analysis.pipeline.outcomes import cohorts, cycle_time, reasons, sellers, slippage, velocity, win_rate
from crm_lab.analysis.pipeline.past import as_of, back_test, waterfall
from crm_lab.analysis.pipeline.stages import conversion, funnel, time_in_stage

__all__ = [
    "as_of", "back_test", "by_month", "cohorts", "conversion", "cycle_time", "funnel", "reasons", "sellers", "slippage", "time_in_stage", "velocity", "waterfall",
    "win_rate",
]  # fmt: skip
