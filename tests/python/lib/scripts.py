"""Scripts of this project as modules."""

import importlib.machinery
import importlib.util
import re
import sys
from unittest.mock import patch

from . import ROOT


def loaded(name):
    """A script, whatever its name ends with: so its loader must be named."""
    loader = importlib.machinery.SourceFileLoader(re.sub(r"\W", "_", name), str(ROOT / "scripts" / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    with patch.object(sys, "dont_write_bytecode", True):
        loader.exec_module(module)
    return module
