import os

from hypothesis import HealthCheck, settings

usual = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    "database": None,
}
settings.register_profile("short", max_examples=15, derandomize=True, **usual)
settings.register_profile("long", max_examples=int(os.environ.get("EXAMPLES", "1000")), **usual)
settings.load_profile("long" if "EXAMPLES" in os.environ else "short")
