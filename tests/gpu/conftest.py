"""Settings of the runs, from the integration tests."""

from tests.integration.conftest import settings as settings
