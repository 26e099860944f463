"""Settings and interruptions of the runs, from the integration tests."""

from tests.integration.conftest import settings as settings
from tests.integration.conftest import stop_after_three_steps as stop_after_three_steps
