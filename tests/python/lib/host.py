"""A container instance of the local AWS as one sidecar sees it, and the sidecar on it."""

import signal

from . import aws
from .wait import until
from .programs import PROTECTORCTL, SIDECAR, Program

SERVICE = "logs"


class Sidecar:
    """The real program, started as the agent would start its container. `ssm` is where it reads its record."""

    def __init__(self, cluster, instance, ssm, **settings):
        self.host = aws.Host(cluster=cluster, service=SERVICE, program=PROTECTORCTL)
        variables = {
            **self.host.environment(),
            "AWS_ENDPOINT_URL": ssm,
            "PROTECTOR_INSTANCE_ID": instance,
            "PROTECTOR_LOG": "debug",
        }
        del variables["PROTECTOR_CLUSTER"]  # task metadata has it
        variables.update({f"PROTECTOR_{name}": value for name, value in settings.items()})
        self.program = Program([SIDECAR], variables)

    def ready(self):
        """Waits until the self-check has passed."""
        return self.program.says("ready")

    def terminate(self):
        """SIGTERM, as at the stop of its container."""
        self.program.signal(signal.SIGTERM)

    def readings(self):
        """Its lines while it holds, one for each reading."""
        return self.program.said("holding")

    def reads_again(self, reason):
        """Waits for a reading after this moment that came to `reason`."""
        before = len(self.readings())
        return until(f"it reads again: {reason}", lambda: [r for r in self.readings()[before:] if r["reason"] == reason])[-1]

    def left(self):
        """Waits for its end: exit code and last line."""
        code = self.program.exit_code()
        return code, self.program.said("exit")[-1]

    def close(self):
        self.program.stop()
        self.host.close()
